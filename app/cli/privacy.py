"""`hub audit`, `hub person` and `hub keys`: the audit trail, what is kept of people, and the keys of it."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape

from app.cli.noting import OPERATOR
from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, WRONG_USAGE, Data, session_of, settings_for
from app.cli.wording import t
from hub.auth.tokens import write_private
from hub.kernel.problems import Refusal
from hub.ports.audit import Action, done_by
from hub.text.messages import bilingual

if TYPE_CHECKING:
    from hub.runtime.manifest import Resources
    from services.privacy.adapters.sql_personal import SqlPersonalValues

Person = Annotated[str, typer.Argument(metavar="ID", help=t("cli.privacy.person"))]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help=t("cli.privacy.limit"))]


def _passphrase(*, confirmed: bool) -> Any:
    return typer.Option(
        "--passphrase",
        envvar="HUB_KEYS_PASSPHRASE",
        prompt=True,
        hide_input=True,
        confirmation_prompt=confirmed,
        help=t("cli.privacy.passphrase"),
    )


@contextmanager
def _opened(context: typer.Context, data: Path | None) -> Iterator["Resources"]:
    """The stores of the data folder, beside a hub that may be at work; what is refused is told."""
    from app.composition import resources

    session = session_of(context)
    settings = settings_for(data)
    if settings.profile == "embedded" and not (settings.data_dir / "records.db").exists():
        session.stop(WRONG_USAGE, bilingual("cli.privacy.no-data", folder=settings.data_dir))
    try:
        with telling_failures(session, settings), closing(resources(settings, making=True)) as on:
            yield on
    except Refusal:
        session.stop(WRONG_USAGE, bilingual("cli.privacy.unknown-person"))


def list_entries(
    context: typer.Context,
    subject: Annotated[str, typer.Option("--subject", help=t("cli.privacy.subject"))] = "",
    action: Annotated[str, typer.Option("--action", help=t("cli.privacy.action"))] = "",
    limit: Limit = 50,
    data: Data = None,
) -> None:
    """Print a line an entry, the newest first."""
    from services.privacy.manifest import reading
    from services.privacy.ports import Selection

    session = session_of(context)
    names = ("at", "account", "action", "subject", "outcome", "detail")
    table = session.table("cli.heading.number", *(f"cli.privacy.heading-{name}" for name in names), whole={0, 1})
    with _opened(context, data) as on:
        for entry in reading(on).newest(Selection(subject=subject, action=action), limit, session.language):
            words = (str(entry[name]) for name in ("who", "what", "to", "how", "further"))
            table.add_row(str(entry["number"]), f"{str(entry['at'])[:19]}Z", *map(escape, words))
    session.out.print(table)


def export_entries(context: typer.Context, data: Data = None) -> None:
    """Write the whole trail to standard output, a line of JSON an entry, the oldest first."""
    from services.privacy.manifest import trail

    with _opened(context, data) as on:
        for entry in trail(on).everything():
            sys.stdout.buffer.write(entry.to_line())
        _note(on, "audit.export")


def verify(context: typer.Context, data: Data = None) -> None:
    """Follow the chain; exit code 1 where an entry is not as it was noted."""
    from services.privacy.manifest import trail

    session = session_of(context)
    with _opened(context, data) as on:
        broken, away = trail(on).verify(), trail(on).missing_files()
    for file in away:
        session.note(bilingual("cli.privacy.segment-away", file=file))
    if broken:
        session.say(bilingual("cli.privacy.broken", number=broken.number, how=broken.how), "red")
    else:
        session.say(bilingual("cli.privacy.whole"), "green")
    raise typer.Exit(SOME_REFUSED if broken else FINE)


def export_person(context: typer.Context, person: Person, data: Data = None) -> None:
    """Print all that is kept of the person as JSON."""
    from services.privacy.manifest import people

    with _opened(context, data) as on:
        typer.echo(people(on).export(person, OPERATOR).model_dump_json(indent=2))


def erase_person(
    context: typer.Context,
    person: Person,
    reason: Annotated[str, typer.Option("--reason", help=t("cli.privacy.reason"))],
    data: Data = None,
) -> None:
    """Destroy the keys of the person's values."""
    from services.privacy.manifest import people

    with _opened(context, data) as on:
        erased = people(on).erase(person, reason, OPERATOR)
    session_of(context).say(bilingual("cli.privacy.erased", count=len(erased.subjects)), "green")


def record_consent(
    context: typer.Context,
    person: Person,
    purpose: Annotated[str, typer.Option("--purpose", help=t("cli.privacy.purpose"))],
    data: Data = None,
) -> None:
    """Keep that the person agreed."""
    from services.privacy.manifest import people

    with _opened(context, data) as on:
        given = people(on).consent(person, purpose, OPERATOR)
    session_of(context).say(bilingual("cli.privacy.consented", count=len(given.consents)), "green")


def rotate(context: typer.Context, data: Data = None) -> None:
    """Seal every key by a new master key."""
    with _opened(context, data) as on:
        count = _personal(on).rotate()
        _note(on, "keys.rotate", str(count))
    session_of(context).say(bilingual("cli.privacy.rotated", count=count), "green")


def seal(context: typer.Context, data: Data = None) -> None:
    """Seal what an earlier release kept in clear, as a hub on embedded adapters does by itself when it starts."""
    from app.operations.sealing import seal_on_servers, seal_once

    session, settings = session_of(context), settings_for(data)
    taken = bilingual("cli.moves.hub-running", folder=settings.data_dir)
    with session.lock(settings.data_dir, taken, bilingual("cli.moves.stop-first")), _opened(context, data) as on:
        done = seal_once(on) if settings.profile == "embedded" else seal_on_servers(on)
        count = done.values if done else 0
        _note(on, "keys.seal", str(count))
    session.say(bilingual("cli.privacy.sealed", count=count), "green")


def export_keys(
    context: typer.Context,
    file: Annotated[Path, typer.Argument()],
    passphrase: Annotated[str, _passphrase(confirmed=True)],
    data: Data = None,
) -> None:
    """Write every key into a file that the passphrase opens, for its owner alone, in place of an earlier one."""
    from services.privacy.core.carrying import PASSPHRASE_CHARS, locked

    if len(passphrase) < PASSPHRASE_CHARS:
        session_of(context).stop(WRONG_USAGE, bilingual("cli.privacy.short-passphrase", least=PASSPHRASE_CHARS))
    with _opened(context, data) as on:
        write_private(file, locked(_personal(on).dump(), passphrase))
        _note(on, "keys.export", file.name)
    session_of(context).note(bilingual("cli.privacy.keep-apart", file=file))


def import_keys(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    passphrase: Annotated[str, _passphrase(confirmed=False)],
    data: Data = None,
) -> None:
    """Add the keys of a file; who was erased here stays so."""
    from services.privacy.adapters.sql_personal import KeysDiffer
    from services.privacy.core.carrying import WrongPassphrase, unlocked

    session = session_of(context)
    try:
        keys = unlocked(file.read_bytes(), passphrase)
    except WrongPassphrase:
        session.stop(WRONG_USAGE, bilingual("cli.privacy.wrong-passphrase", file=file))
    count = differing = 0
    with _opened(context, data) as on:
        try:
            count = _personal(on).load(keys)
            _note(on, "keys.import", str(count))
        except KeysDiffer as differ:
            differing = differ.count
    if differing:
        session.stop(WRONG_USAGE, bilingual("cli.privacy.keys-differ", count=differing))
    session_of(context).say(bilingual("cli.privacy.keys-read", count=count), "green")


def _personal(on: "Resources") -> "SqlPersonalValues":
    from hub.runtime.manifest import PERSONAL

    return cast("SqlPersonalValues", on.get(PERSONAL))


def _note(on: "Resources", action: Action, detail: str = "") -> None:
    from hub.runtime.manifest import AUDIT

    on.get(AUDIT).note(done_by(OPERATOR, on.clock.now(), action, detail=detail))
