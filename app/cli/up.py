"""`hub up`: the whole hub in this process."""

import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.address import ADDRESS_FILE
from app.cli import environment
from app.cli.first_load import begin, is_first_start, load_sample
from app.cli.session import DEMO_TOKEN, FINE, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from app.operations.marker import read_marker
from hub.auth.tokens import AccessFile, operator_token, write_private
from hub.kernel.language import Bilingual
from hub.runtime.lock import Busy, FolderLock
from hub.runtime.settings import Settings
from hub.web.client import ApiProblem, HubClient, Unreachable
from services.ingest.ports.vault import VaultLocked

GRACE_SECONDS = 5
DEMO_COMPANY = "示例企业 Demo Company"
UP_HELP = t(
    """启动枢纽：门户、接口和后台处理都在这一个进程里，数据在一个文件夹里，不需要别的服务器。

首次启动会装入示例数据；按 Ctrl-C 停止。

示例：

`hub up`

`hub up --host 0.0.0.0 --port 80 --data /srv/hub --no-sample`

退出码：0 正常停止；2 参数或环境不符合要求；3 端口或数据文件夹被占用，或启动失败。""",
    """Start the hub: portal, APIs and background work in this one process, its data in one folder, no other servers.

The first start loads sample data; Ctrl-C stops.

Examples:

`hub up`

`hub up --host 0.0.0.0 --port 80 --data /srv/hub --no-sample`

Exit codes: 0 stopped; 2 the options or this machine will not do; 3 port or data folder in use, or starting failed.""",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", help=UP_HELP)(up)


def up(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(
            help=t("监听地址；0.0.0.0 使手机等其他设备可访问", "address to listen on; 0.0.0.0 lets other devices in")
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=t("端口；0 为任一空闲端口", "port; 0 for any free one"))
    ] = None,
    sample: Annotated[
        bool,
        typer.Option("--sample/--no-sample", help=t("首次启动时装入示例数据", "load sample data on the first start")),
    ] = True,
    data: Data = None,
) -> None:
    """Check, lock, listen, serve."""
    told = session(context)
    settings = settings_for(data, host=host, port=port)
    for problem in (environment.old_sqlite(), environment.unwritable(settings.data_dir)):
        if problem:
            told.stop(WRONG_USAGE, problem)
    _stop_where_moved(told, settings)
    try:
        lock = FolderLock(settings.data_dir)
    except Busy:
        told.stop(
            UNREACHABLE,
            Bilingual(f"{settings.data_dir} 上已有一个枢纽在运行", f"A hub runs on {settings.data_dir} already"),
            Bilingual(
                "先停止它，或用 --data 指定另一个文件夹。", "Stop it first, or choose another folder with --data."
            ),
        )
    from hub.runtime.telemetry import telling

    with until_stopped() as stop, lock, telling(settings):
        raise typer.Exit(_serve(told, settings, _listen(told, settings), sample, stop))


def _stop_where_moved(told: Session, settings: Settings) -> None:
    """What is written to a folder that was moved to servers would be seen by nobody."""
    marker = read_marker(settings.data_dir) if settings.profile == "embedded" else None
    if marker and marker.state == "moved":
        told.stop(
            WRONG_USAGE,
            Bilingual(
                f"{settings.data_dir} 的数据已搬到服务器上", f"The data in {settings.data_dir} were moved to servers"
            ),
            Bilingual(
                "用那些服务器的环境变量运行 hub serve all；或用 --data 指定另一个文件夹。",
                "Run hub serve all with those servers' environment, or choose another folder with --data.",
            ),
        )


def _listen(told: Session, settings: Settings) -> socket.socket:
    try:
        return environment.listening(settings.host, settings.port)
    except OSError as error:
        told.stop(
            UNREACHABLE,
            Bilingual(
                f"无法在 {settings.host}:{settings.port} 上监听（{error.strerror}），端口可能已被占用",
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}); the port may be taken",
            ),
            Bilingual(
                "用 --port 换一个端口，例如 --port 8081；--port 0 自动选择。",
                "Choose another with --port, such as --port 8081; --port 0 takes any.",
            ),
        )


def _serve(told: Session, settings: Settings, listening: socket.socket, sample: bool, stop: Stop) -> int:
    """Serve until somebody stops it; the exit code."""
    from app.composition import compose
    from app.server import create_app

    first = sample and is_first_start(settings.data_dir)
    if first:
        begin(settings.data_dir)
    try:
        hub = compose(settings)
    except (VaultLocked, ValueError, sqlite3.Error) as error:
        told.stop(
            UNREACHABLE,
            Bilingual(
                f"无法打开 {settings.data_dir} 里的数据：{error}",
                f"Cannot open the data in {settings.data_dir}: {error}",
            ),
            Bilingual("运行 hub doctor 查看原因与解决办法。", "Run hub doctor to see why and what helps."),
        )
    url = f"http://{environment.reached_at(settings.host)}:{listening.getsockname()[1]}"
    address = settings.data_dir / ADDRESS_FILE
    try:
        server = _server(create_app(hub), lambda: _started(told, settings, hub.access, url, first))
        address.write_text(url, "utf-8")
        with suppress(KeyboardInterrupt):  # raised again by uvicorn once it has stopped
            server.run(sockets=[listening])
        told.say(Bilingual("枢纽已停止。", "The hub has stopped."))
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


def _started(told: Session, settings: Settings, access: AccessFile, url: str, first: bool) -> None:
    """Tell where the hub is and who may come in; load the sample where this is the first start."""
    token = operator_token(settings.data_dir)
    told.say(Bilingual(f"枢纽已启动：{url}", f"The hub is up: {url}"), "bold green")
    if token:
        _link(told, Bilingual("运营人员登录", "Operator's sign-in"), url, token)
    demo = settings.data_dir / DEMO_TOKEN
    if first and not demo.exists():
        write_private(demo, access.issue(DEMO_COMPANY, {"member"}, ()).encode())
    if demo.exists():
        _link(told, Bilingual("示例企业登录", "Demo company's sign-in"), url, demo.read_text("utf-8").strip())
    if first and token:
        with HubClient(url, token, told.language) as client:
            try:
                load_sample(told, client, settings.data_dir)
            except (ApiProblem, Unreachable, TimeoutError) as error:
                told.note(Bilingual(f"示例数据没有装完：{error}", f"The sample was not loaded to its end: {error}"))
    told.say(Bilingual("按 Ctrl-C 停止。", "Press Ctrl-C to stop."), "dim")


def _link(told: Session, who: Bilingual, url: str, token: str) -> None:
    told.out.print(f"  {escape(who[told.language])}  {url}/sign-in?token={token}", soft_wrap=True)
