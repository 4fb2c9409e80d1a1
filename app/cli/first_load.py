"""Loading the sample on a data folder's first start."""

from pathlib import Path

from app.cli import transfer
from app.cli.files import bar
from app.cli.session import Session
from app.cli.transfer import Document
from hub.auth.tokens import ACCESS_FILE, write_private
from hub.kernel.canonical import short_digest
from hub.text.messages import bilingual
from hub.web.client import HubClient
from schemas.http.ingest import Receipt

MARK = "sample.state"
LOADING, LOADED = "loading", "loaded"


def is_first_start(folder: Path) -> bool:
    """Whether nobody has used the folder, or a first start broke off while the sample was being loaded."""
    mark = folder / MARK
    if mark.exists():
        return mark.read_text("utf-8") == LOADING
    return not (folder / ACCESS_FILE).exists()


def begin(folder: Path) -> None:
    """Mark that the sample is to be loaded, before anything else is written that would tell a used folder."""
    write_private(folder / MARK, LOADING.encode())


def load_sample(session: Session, client: HubClient, folder: Path) -> None:
    """Submit the sample's files and wait until all can be found; raises what HubClient raises.

    Each file has its content's idempotency key, so that a load that broke off goes on where it was.
    """
    from sample import FILES

    total = sum(file.rows() for file in FILES)
    receipts: list[Receipt] = []
    with bar(session, bilingual("cli.first_load.loading-sample"), bilingual("cli.first_load.can-found")) as progress:
        progress(0, total)
        for file in FILES:
            name, key = file.path.removesuffix(".gz"), f"sample-{short_digest(file.read())}"
            document = Document(name, file.kind, file.source, file.open, file.format, key)
            receipts.append(transfer.send(client, document, lambda done, of: None))
        settled = 0
        for receipt in receipts:
            before = settled
            states = transfer.follow(client, receipt, lambda done, of, before=before: progress(before + done, total))  # type: ignore[misc]
            settled += sum(states.get(name, 0) for name in transfer.SETTLED)
    write_private(folder / MARK, LOADED.encode())
    refused = sum(receipt.refused for receipt in receipts)
    session.say(bilingual("cli.first_load.sample-loaded-records-can", found=settled), "green")
    if refused:
        session.note(bilingual("cli.first_load.rows-sample-were-refused", refused=refused), "red")
