"""`hub up`: the whole hub in this process."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli import environment
from app.cli.first_load import begin, is_first_start, load_sample
from app.cli.noting import OPERATOR
from app.cli.session import (
    ADDRESS_FILE,
    DEMO_TOKEN,
    FINE,
    UNREACHABLE,
    WRONG_USAGE,
    Data,
    Session,
    session_of,
    settings_for,
)
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from app.operations.marker import read_marker
from hub.auth.tokens import operator_token, write_private
from hub.runtime.settings import Settings
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, HubClient, Unreachable
from services.accounts.manifest import ACCOUNTS
from services.accounts.service import Accounts

GRACE_SECONDS = 5
DEMO_COMPANY = "示例企业 Demo Company"


def up(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help=t("cli.up.up.host"))] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=t("cli.up.up.port"))] = None,
    sample: Annotated[bool, typer.Option("--sample/--no-sample", help=t("cli.up.up.sample"))] = True,
    data: Data = None,
) -> None:
    """Check, lock, listen, serve."""
    session = session_of(context)
    settings = settings_for(data, host=host, port=port)
    for problem in (environment.old_sqlite(), environment.unwritable(settings.data_dir)):
        if problem:
            session.stop(WRONG_USAGE, problem)
    _stop_where_moved(session, settings)
    taken = bilingual("cli.up.hub-runs-already", data_dir=settings.data_dir)
    lock = session.lock(settings.data_dir, taken, bilingual("cli.up.stop-first-choose-another"))
    from hub.runtime.telemetry import telling

    with until_stopped() as stop, lock, telling(settings):
        raise typer.Exit(_serve(session, settings, _listen(session, settings), sample, stop))


def _stop_where_moved(session: Session, settings: Settings) -> None:
    """What is written to a folder that was moved to servers would be seen by nobody."""
    marker = read_marker(settings.data_dir) if settings.profile == "embedded" else None
    if marker and marker.state == "moved":
        session.stop(
            WRONG_USAGE,
            bilingual("cli.up.data-were-moved-servers", data_dir=settings.data_dir),
            bilingual("cli.up.run-hub-serve-all"),
        )


def _listen(session: Session, settings: Settings) -> socket.socket:
    try:
        return environment.listening(settings.host, settings.port)
    except OSError as error:
        session.stop(
            UNREACHABLE,
            bilingual("cli.up.cannot-listen-port-may", host=settings.host, port=settings.port, strerror=error.strerror),
            bilingual("cli.up.choose-another-port-such"),
        )


def _serve(session: Session, settings: Settings, listening: socket.socket, sample: bool, stop: Stop) -> int:
    """Serve until somebody stops it; the exit code."""
    from app.composition import compose
    from app.server import create_app

    first = sample and is_first_start(settings.data_dir)
    if first:
        begin(settings.data_dir)
    try:
        hub = compose(settings)
    except environment.UNUSABLE as error:
        session.stop(
            UNREACHABLE,
            bilingual("cli.up.cannot-open-data", data_dir=settings.data_dir, error=error),
            bilingual("cli.up.run-hub-doctor-see"),
        )
    url = f"http://{environment.reached_at(settings.host)}:{listening.getsockname()[1]}"
    address = settings.data_dir / ADDRESS_FILE
    try:
        server = _server(create_app(hub), lambda: _started(session, settings, hub.get(ACCOUNTS), url, first))
        write_private(address, url.encode())
        with suppress(KeyboardInterrupt):  # raised again by uvicorn once it has stopped
            server.run(sockets=[listening])
        session.say(bilingual("cli.up.hub-stopped"))
        return FINE if server.started else UNREACHABLE
    finally:
        stop.heed()
        address.unlink(missing_ok=True)
        listening.close()
        hub.close()


def _server(app: Any, on_started: Callable[[], None]) -> Any:
    import uvicorn

    from hub.web.connections import server_config

    class Announcing(uvicorn.Server):
        """Tells in a thread of its own once it serves, so that the telling may ask it."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                threading.Thread(target=on_started, name="cli.started", daemon=True).start()

    return Announcing(server_config(app, GRACE_SECONDS))


def _started(session: Session, settings: Settings, accounts: Accounts, url: str, first: bool) -> None:
    """Tell where the hub is and who may come in; load the sample where this is the first start."""
    token = operator_token(settings.data_dir)
    session.say(bilingual("cli.up.hub-up", url=url), "bold green")
    if token:
        _link(session, bilingual("cli.up.operator-sign"), url, accounts.link_for(token, OPERATOR))
    demo = settings.data_dir / DEMO_TOKEN
    if first and not demo.exists():
        write_private(demo, accounts.issue(DEMO_COMPANY, {"member"}, (), by=OPERATOR).encode())
    if demo.exists():
        link = accounts.link_for(demo.read_text("utf-8").strip(), OPERATOR)
        _link(session, bilingual("cli.up.demo-company-sign"), url, link)
    if first and token:
        with HubClient(url, token, session.language) as client:
            try:
                load_sample(session, client, settings.data_dir)
            except (ApiProblem, Unreachable, TimeoutError) as error:
                session.note(bilingual("cli.up.sample-was-not-loaded", error=error))
    session.say(bilingual("cli.up.press-ctrl-c-stop"), "dim")


def _link(session: Session, who: Bilingual, url: str, link: str | None) -> None:
    if link:  # else the token was revoked
        session.out.print(f"  {escape(who[session.language])}  {url}/sign-in?link={link}", soft_wrap=True)
