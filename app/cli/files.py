"""`hub import`, `hub template`, `hub export`: files of records in and out."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli import transfer
from app.cli.noting import note_done
from app.cli.session import (
    FINE,
    SHOWN_PROBLEMS,
    SOME_REFUSED,
    UNREACHABLE,
    WRONG_USAGE,
    Data,
    Session,
    Token,
    Url,
    operators,
    session_of,
    settings_for,
)
from app.cli.transfer import Document
from app.cli.wording import t
from hub.kernel.operation import Operation
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, HubClient, Query
from schemas.http.catalog import SEARCH, SearchQuery
from schemas.http.ingest import REFUSED, TEMPLATE, GivebackFormat, Receipt, RefusedQuery, TableFormat, TemplateQuery

PAGE = 100
MISTYPED = frozenset({"unknown-kind", "unknown-source"})
"""Problems of the command line rather than of the file."""
TABLES: Mapping[str, TableFormat] = {".csv": "csv", ".xlsx": "xlsx"}
FORMATS: Mapping[str, GivebackFormat] = {
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
}
Kind = Annotated[str, typer.Option("--kind", "-k", help=t("cli.files.record-kind-see-hub"))]
Output = Annotated[Path, typer.Option("--output", "-o", help=t("cli.files.file-write"))]


def import_files(
    context: typer.Context,
    *,
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help=t("cli.files.import-files.files"))
    ],
    kind: Kind,
    source: Annotated[str, typer.Option("--source", "-s", help=t("cli.files.import-files.source"))],
    format_name: Annotated[str, typer.Option("--format", help=t("cli.files.import-files.format-name"))] = "",
    refused: Annotated[Path | None, typer.Option("--refused", help=t("cli.files.import-files.refused"))] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help=t("cli.files.import-files.wait"))] = True,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Import each file; the exit code tells the worst of them."""
    session = session_of(context)
    if refused and refused.suffix.casefold() not in FORMATS:
        session.stop(WRONG_USAGE, bilingual("cli.files.refused-takes-name-ends"))
    with session.client(data, url, token or operators(data)) as client:
        codes = []
        for path in files:
            saved = beside(refused, path, len(files)) if refused else None
            try:
                receipt = submitted(session, client, Document.of(path, kind, source, format_name))
                codes.append(reported(session, client, receipt, saved, wait))
            except ApiProblem as problem:
                session.refused(problem)
                codes.append(WRONG_USAGE if problem.codes & MISTYPED else UNREACHABLE)
    raise typer.Exit(max(codes))


@contextmanager
def bar(session: Session, what: Bilingual, unit: Bilingual) -> Iterator[transfer.Progress]:
    """A progress bar on standard error; what it calls takes what is done and what there is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=session.err, transient=session.err.is_terminal) as progress:
        task = progress.add_task(escape(what[session.language]), total=None, count="")

        def on_progress(done: int, total: int) -> None:
            words = f"{done:,} / {total:,} {unit[session.language]}" if total else f"{done:,} {unit[session.language]}"
            progress.update(task, completed=done, total=total or None, count=words)

        yield on_progress


def submitted(session: Session, client: HubClient, document: Document) -> Receipt:
    """The receipt of a document, sent with a progress bar."""
    with bar(session, bilingual("cli.files.sending", name=document.name), bilingual("cli.files.bytes")) as progress:
        receipt = transfer.send(client, document, progress)
    accepted, refused = receipt.accepted, receipt.refused
    session.say(
        bilingual(
            "cli.files.rows-taken-refused-receipt",
            name=document.name,
            accepted=accepted,
            refused=refused,
            id=receipt.id,
        )
    )
    return receipt


def reported(session: Session, client: HubClient, receipt: Receipt, saved: Path | None, wait: bool) -> int:
    """Tell what was refused, save it if asked to, wait if asked to; the exit code of this file."""
    for problem in receipt.problems[:SHOWN_PROBLEMS]:
        session.note(problem.message, "red")
    refused = receipt.refused
    if refused and saved:
        form = RefusedQuery(format=FORMATS[saved.suffix.casefold()])
        download(client, saved, REFUSED, form, receipt_id=receipt.id)
        session.note(bilingual("cli.files.refused-rows-mend-them", saved=saved))
    elif refused:
        session.note(bilingual("cli.files.add-refused-file-save"))
    code = SOME_REFUSED if refused else FINE
    if wait and receipt.accepted:
        code = max(code, followed(session, client, receipt))
    return code


def followed(session: Session, client: HubClient, receipt: Receipt) -> int:
    """Wait until every accepted row is settled; the exit code of that."""
    try:
        with bar(session, bilingual("cli.files.waiting-until-searchable"), bilingual("cli.files.rows")) as progress:
            states = transfer.follow(client, receipt, progress)
    except TimeoutError:
        session.note(bilingual("cli.files.hub-slow-process-rows"))
        return UNREACHABLE
    searchable, stale, dead = (states.get(name, 0) for name in transfer.SETTLED)
    session.say(bilingual("cli.files.rows-can-found-now", searchable=searchable), "green")
    if stale:
        session.note(bilingual("cli.files.rows-older-than-what", stale=stale))
    if dead:
        session.note(bilingual("cli.files.rows-could-not-processed", dead=dead), "red")
    return SOME_REFUSED if dead else FINE


def beside(refused: Path, path: Path, files: int) -> Path:
    """The file for one of several files' refused rows: named after it."""
    return refused if files == 1 else refused.with_stem(f"{refused.stem}-{path.name.split('.')[0]}")


def private(path: Path) -> BinaryIO:
    """A new file to write, for its owner alone: what is exported may be more than everybody may see."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def download(client: HubClient, target: Path, operation: Operation[bytes], query: Query, **names: str) -> None:
    """Save what the hub gives; nothing is left half written under the name."""
    part = target.with_name(target.name + ".part")
    with client.download(operation, query, **names) as chunks, private(part) as file:
        for chunk in chunks:
            file.write(chunk)
    part.replace(target)


def template(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=t("cli.files.template.kind"))],
    output: Output,
    url: Url = None,
    data: Data = None,
) -> None:
    """Save the template in the format of the file's name."""
    session = session_of(context)
    form = TABLES.get(output.suffix.casefold())
    if form is None:
        session.stop(WRONG_USAGE, bilingual("cli.files.name-ends-csv-xlsx"))
    with session.client(data, url, None) as client:
        download(client, output, TEMPLATE, TemplateQuery(format=form), kind=kind)
    session.say(bilingual("cli.files.template", output=output))


def export(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=t("cli.files.export.kind"))],
    output: Output,
    url: Url = None,
    data: Data = None,
) -> None:
    """Page through the kind and write a record a line, with its id and version."""
    session = session_of(context)
    part, count, cursor = output.with_name(output.name + ".part"), 0, None
    exported, unit = bilingual("cli.files.exporting", kind=kind), bilingual("cli.files.records")
    with session.client(data, url, None) as client, private(part) as file, bar(session, exported, unit) as progress:
        while True:
            page = client.call(SEARCH, query=SearchQuery(kind=(kind,), size=PAGE, cursor=cursor))
            for hit in page.hits:
                file.write(orjson.dumps({"_id": hit.id, "_version": hit.version, **hit.fields}) + b"\n")
            count += len(page.hits)
            progress(count, page.total)
            cursor = page.next_cursor
            if cursor is None:
                break
    part.replace(output)
    if url is None:
        note_done(settings_for(data), "records.export", kind, f"{count} records into {output.name}")
    session.say(bilingual("cli.files.records.records", count=count, output=output))
