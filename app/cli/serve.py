"""`hub serve`: one or several of the hub's services, on the servers of the real profile."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import environment
from app.cli.session import FINE, UNREACHABLE, WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from hub.runtime.settings import Settings
from hub.text.language import Bilingual
from hub.text.messages import bilingual

if TYPE_CHECKING:
    from uvicorn import Server

Counting = subprocess.Popen[bytes]
GRACE_SECONDS = 10


def serve(
    context: typer.Context,
    roles: Annotated[list[str], typer.Argument(help=t("cli.serve.serve.roles"), metavar="ROLE…")],
    host: Annotated[str | None, typer.Option(help=t("cli.serve.serve.host"))] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=t("cli.serve.serve.port"))] = None,
    data: Data = None,
) -> None:
    """Serve until somebody stops it."""
    session = session_of(context)
    settings = settings_for(data, host=host, port=port)
    wanted = _known(session, roles)
    if settings.profile != "real" and set(wanted) != set(_roles()):
        session.stop(
            WRONG_USAGE, bilingual("cli.serve.embedded-hub-runs-whole"), bilingual("cli.serve.run-services-apart-set")
        )
    from hub.runtime.telemetry import telling

    counted = _counting(settings, "usage" in wanted)
    with until_stopped() as stop, counted as counting, telling(settings, wanted):
        raise typer.Exit(_run(session, settings, wanted, counting, stop))


def _roles() -> tuple[str, ...]:
    from app.composition import ROLES

    return ROLES


def _known(session: Session, roles: list[str]) -> list[str]:
    known = _roles()
    chosen = list(known) if roles == ["all"] else roles
    for role in chosen:
        if role not in known:
            session.stop(WRONG_USAGE, bilingual("cli.serve.unknown-role", role=role, known=_listed(known)))
    return chosen


@contextmanager
def _counting(settings: Settings, wanted: bool) -> Iterator[Counting | None]:
    """The Faust worker beside the usage service, a process of its own since Faust owns its event loop."""
    if not wanted or settings.profile != "real":
        yield None
        return
    environment = {**os.environ, "HUB_DATA_DIR": str(settings.data_dir)}
    worker = subprocess.Popen([sys.executable, "-m", "services.usage"], env=environment)
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()


def end_with(counting: Counting, server: "Server") -> threading.Event:
    """Let the server end when the counting process does; set where that was first to end."""
    ended = threading.Event()

    def watch() -> None:
        counting.wait()
        if not server.should_exit:
            ended.set()
            server.should_exit = True

    threading.Thread(target=watch, name="cli.counting", daemon=True).start()
    return ended


def _run(session: Session, settings: Settings, roles: list[str], counting: Counting | None, stop: Stop) -> int:
    import uvicorn

    from app.composition import compose
    from app.server import create_app
    from hub.web.connections import server_config

    try:
        listening = environment.listening(settings.host, settings.port)
        hub = compose(settings, roles=roles)
    except Exception as error:  # every client has errors of its own for a server that is not there
        session.stop(
            UNREACHABLE, bilingual("cli.serve.cannot-start", error=error), bilingual("cli.serve.check-hub-servers-run")
        )
    address = f"http://{environment.reached_at(settings.host)}:{listening.getsockname()[1]}"
    session.say(bilingual("cli.serve.up", roles=_listed(roles), address=address), "bold green")
    server = uvicorn.Server(server_config(create_app(hub), GRACE_SECONDS))
    ended = end_with(counting, server) if counting else threading.Event()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        session.say(bilingual("cli.serve.stopped"))
    finally:
        stop.heed()
        listening.close()
        hub.close()
    if ended.is_set():
        session.note(bilingual("cli.serve.counting-process-ended-see"), "red")
    return FINE if server.started and not ended.is_set() else UNREACHABLE


def _listed(names: Iterable[str]) -> Bilingual:
    return bilingual("hub.and").join(Bilingual(name, name) for name in names)
