"""`hub serve`: one or several of the hub's services, on the servers of the real profile."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import environment
from app.cli.session import FINE, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.stopping import Stop, until_stopped
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.runtime.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Server

Counting = subprocess.Popen[bytes]
GRACE_SECONDS = 10
SERVE_HELP = t(
    """运行枢纽的一个或几个服务：ingest、curation、catalog、booking、usage、portal；`all` 为全部。

用于 Kafka、Elasticsearch 和 PostgreSQL（HUB_PROFILE=real）：同一服务可以运行多份，各份用不同的 HUB_INSTANCE。

示例：

`hub serve catalog --port 8003`

退出码：0 正常停止；2 用法有误；3 无法启动，或统计进程中途退出。""",
    """Run one or several of the hub's services: ingest, curation, catalog, booking, usage, portal; `all` for every one.

For Kafka, Elasticsearch and PostgreSQL (HUB_PROFILE=real): a service may run several times, each with its own
HUB_INSTANCE.

Example:

`hub serve catalog --port 8003`

Exit codes: 0 stopped; 2 wrong usage; 3 it could not start, or the counting process ended.""",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", help=SERVE_HELP)(serve)


def serve(
    context: typer.Context,
    roles: Annotated[list[str], typer.Argument(help=t("要运行的服务", "services to run"), metavar="ROLE…")],
    host: Annotated[str | None, typer.Option(help=t("监听地址", "address to listen on"))] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=t("端口", "port"))] = None,
    data: Data = None,
) -> None:
    """Serve until somebody stops it."""
    told = session(context)
    settings = settings_for(data, host=host, port=port)
    wanted = _known(told, roles)
    if settings.profile != "real" and set(wanted) != set(_roles()):
        told.stop(
            WRONG_USAGE,
            Bilingual("嵌入式枢纽只能整体运行：用 hub up", "The embedded hub runs as a whole: use hub up"),
            Bilingual(
                "要分开运行各服务，请设置 HUB_PROFILE=real（见 hub stack up）。",
                "To run services apart set HUB_PROFILE=real (see hub stack up).",
            ),
        )
    from hub.runtime.telemetry import telling

    counted = _counting(settings, "usage" in wanted)
    with until_stopped() as stop, counted as counting, telling(settings, wanted):
        raise typer.Exit(_run(told, settings, wanted, counting, stop))


def _roles() -> tuple[str, ...]:
    from app.composition import ROLES

    return ROLES


def _known(told: Session, roles: list[str]) -> list[str]:
    known = _roles()
    chosen = list(known) if roles == ["all"] else roles
    for role in chosen:
        if role not in known:
            told.stop(
                WRONG_USAGE,
                Bilingual(
                    f"没有服务“{role}”；有：{'、'.join(known)}、all",
                    f"There is no service “{role}”; there are {', '.join(known)} and all",
                ),
            )
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


def _run(told: Session, settings: Settings, roles: list[str], counting: Counting | None, stop: Stop) -> int:
    import uvicorn

    from app.composition import compose
    from app.server import create_app
    from hub.web.connections import server_config

    try:
        listening = environment.listening(settings.host, settings.port)
        hub = compose(settings, roles=roles)
    except Exception as error:  # every client has errors of its own for a server that is not there
        told.stop(
            UNREACHABLE,
            Bilingual(f"无法启动：{error}", f"Cannot start: {error}"),
            Bilingual(
                "检查 HUB_* 设置与各服务器，或运行 hub doctor。", "Check HUB_* and the servers, or run hub doctor."
            ),
        )
    address = f"http://{environment.reached_at(settings.host)}:{listening.getsockname()[1]}"
    told.say(Bilingual(f"{'、'.join(roles)} 已启动：{address}", f"{', '.join(roles)} up: {address}"), "bold green")
    server = uvicorn.Server(server_config(create_app(hub), GRACE_SECONDS))
    ended = end_with(counting, server) if counting else threading.Event()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        told.say(Bilingual("已停止。", "Stopped."))
    finally:
        stop.heed()
        listening.close()
        hub.close()
    if ended.is_set():
        told.note(Bilingual("统计进程已退出，请看其日志", "The counting process has ended; see its log"), "red")
    return FINE if server.started and not ended.is_set() else UNREACHABLE
