"""`hub move`, `hub backup` and `hub restore`: the hub's data from one set of adapters to the other, and kept safe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import bar
from app.cli.noting import note_done
from app.cli.servers import check_libraries, failures
from app.cli.session import UNREACHABLE, WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.stack import check_machine, run_stack, tell_how_to_stop
from app.cli.wording import t
from hub.runtime.lock import FolderLock
from hub.runtime.private import servers_folder
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

if TYPE_CHECKING:
    from app.devstack.stack import Layout
    from app.operations.move import Moved
    from app.operations.tables import Steps

UNIT = bilingual("cli.moves.unit")
File = Annotated[Path, typer.Argument(help=t("cli.moves.backup"), metavar="FILE")]


def move(
    context: typer.Context,
    *,
    stack: Annotated[bool, typer.Option("--stack", help=t("cli.moves.move.stack"))] = False,
    resume: Annotated[bool, typer.Option("--resume", help=t("cli.moves.move.resume"))] = False,
    to: Annotated[Path | None, typer.Option("--to", help=t("cli.moves.move.to"))] = None,
    data: Data = None,
) -> None:
    """Check, lock, move, and tell how to go on."""
    session = session_of(context)
    settings = settings_for(data)
    check_libraries(session)
    if not (settings.data_dir / "records.db").exists():
        _no_data(session, settings.data_dir)
    if not stack:
        _moved(session, settings, to, resume)
        _go_on(session, settings, to, "")
        return
    check_machine(session)

    def then(layout: "Layout") -> None:
        environment = {name.removeprefix("HUB_").lower(): value for name, value in layout.environment().items()}
        _moved(session, Settings.model_validate(settings.model_dump() | environment), to, resume)
        _go_on(session, settings, to, f"set -a; . {settings.data_dir / 'stack' / 'stack.env'}; set +a; ")
        tell_how_to_stop(session)

    run_stack(session, servers_folder(settings.data_dir), None, then)


def backup(
    context: typer.Context,
    file: File,
    without_key: Annotated[bool, typer.Option("--without-key", help=t("cli.moves.backup.without-key"))] = False,
    data: Data = None,
) -> None:
    """Write the file and tell what is in it."""
    from app.operations.backup import backup as save

    session = session_of(context)
    settings = settings_for(data)
    if settings.profile == "real":
        check_libraries(session)
    with _telling(session):
        manifest = save(settings, file, _steps(session), with_key=not without_key)
        note_done(settings, "backup.make", manifest.id, file.name if not without_key else f"{file.name} without keys")
    records = manifest.tables["records.records"].count
    session.say(bilingual("cli.moves.records-backed-up", records=records, file=file), "green")
    session.note(bilingual("cli.moves.keys-apart"))
    if without_key:
        session.note(bilingual("cli.moves.keep-vault-key-nothing"))


def restore(context: typer.Context, file: File, data: Data = None) -> None:
    """Restore under the folder's lock."""
    from app.operations.restore import restore as bring_back
    from services.privacy.adapters.sql_personal import MASTER_FILE

    session = session_of(context)
    settings = settings_for(data)
    if settings.profile == "real":
        check_libraries(session)
    has_keys = (settings.data_dir / MASTER_FILE).exists()
    with _locked(session, settings.data_dir), _telling(session):
        manifest = bring_back(settings, file, _steps(session))
    records = manifest.tables["records.records"].count
    session.say(bilingual("cli.moves.restored-backup-records-all", made_at=manifest.made_at, records=records), "green")
    if not has_keys:
        session.note(bilingual("cli.moves.keys-needed"))


def _moved(session: Session, settings: Settings, to: Path | None, resume: bool) -> None:
    from app.operations.move import move as move_all

    with _locked(session, settings.data_dir), _telling(session):
        moved = move_all(settings.data_dir, settings, _steps(session), to=to, resume=resume)
    if moved.already:
        session.say(bilingual("cli.moves.was-moved-before-nothing"))
    else:
        _report(session, moved)


def _report(session: Session, moved: "Moved") -> None:
    names = {
        "records.records": bilingual("cli.moves.names.records.records"),
        "records.history": bilingual("cli.moves.names.records.history"),
        "receipts.receipts": bilingual("cli.moves.names.receipts.receipts"),
        "vault.vault": bilingual("cli.moves.names.vault.vault"),
        "bookings.bookings": bilingual("cli.moves.names.bookings.bookings"),
        "searches.searches": bilingual("cli.moves.names.searches.searches"),
    }
    counts = [(words, moved.tables[name].count) for name, words in names.items()]
    tables = bilingual("cli.comma").join(
        bilingual("cli.moves.table", words=words, count=count) for words, count in counts
    )
    session.say(bilingual("cli.moves.moved-every-table-found", tables=tables), "bold green")


def _go_on(session: Session, settings: Settings, to: Path | None, environment: str) -> None:
    command = f"{environment}hub serve all --data {to or settings.data_dir}"
    where = bilingual("cli.moves.another-terminal") if environment else bilingual("cli.moves.go")
    session.say(bilingual("cli.moves.line", where=where, command=command))
    session.say(bilingual("cli.moves.do-not-start-embedded"), "dim")


def _steps(session: Session) -> "Steps":
    """A progress bar for each step."""
    return lambda what: bar(session, what, UNIT)


def _no_data(session: Session, folder: Path) -> None:
    session.stop(WRONG_USAGE, bilingual("cli.moves.no-record-store", folder=folder))


def _locked(session: Session, folder: Path) -> FolderLock:
    return session.lock(folder, bilingual("cli.moves.hub-running", folder=folder), bilingual("cli.moves.stop-first"))


@contextmanager
def _telling(session: Session) -> Iterator[None]:
    """Tell what went wrong in place of a traceback."""
    from app.operations.archive import NoBackup
    from app.operations.tables import Refused

    try:
        yield
    except Refused as refused:
        session.stop(WRONG_USAGE, refused.why)
    except NoBackup as error:
        session.stop(WRONG_USAGE, bilingual("cli.moves.no-whole-backup", error=error))
    except failures() as error:
        session.stop(
            UNREACHABLE,
            bilingual("cli.moves.was-not-completed", error=error),
            bilingual("cli.moves.mend-do-again-nothing"),
        )
