"""What `hub doctor` looks at. Each check tells what it found, and what helps where that is not well."""

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from app.cli import environment
from app.cli.client import ADDRESS_FILE
from app.cli.servers import INSTALL, missing_libraries
from app.cli.session import DEMO_TOKEN
from app.operations.doctor.result import MANY_WAIT, Finding, difference
from hub.auth.tokens import ACCESS_FILE, OPERATOR_TOKEN
from hub.kernel.language import Bilingual
from hub.runtime.lock import is_busy
from hub.runtime.manifest import CATALOGUE, EVENT_LOG, RECORD_STORE
from hub.runtime.settings import Settings

if TYPE_CHECKING:
    from app.composition import Hub

PRIVATE_FILES = (OPERATOR_TOKEN, DEMO_TOKEN, ACCESS_FILE, "vault.key")
AHEAD_SECONDS = 120.0
GIB = 2**30


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> list[Finding]:
    """Every check that this profile, and what is in the data folder, allow."""
    if settings.profile == "real":
        return _examine_real(settings)
    checks: list[Check] = [writable, space, sqlite, clock, private_files, journals, provider]
    findings = [finding for check in checks for finding in check(settings)]
    findings += reachable(settings, is_busy(settings.data_dir))
    if not (settings.data_dir / "log.db").exists():
        never = Bilingual(f"{settings.data_dir} 尚无数据", f"nothing in {settings.data_dir} yet")
        return [*findings, Finding(True, never)]
    return [*findings, *opened(settings)]


def _examine_real(settings: Settings) -> list[Finding]:
    checks: list[Check] = [writable, space, clock, private_files, provider]
    findings = [finding for check in checks for finding in check(settings)]
    if lacking := missing_libraries():
        listed = ", ".join(lacking)
        missing = Bilingual(f"缺少程序库：{listed}", f"libraries are missing: {listed}")
        return [*findings, Finding(False, missing, INSTALL)]
    from app.operations.doctor.server_checks import examine as servers

    return [*findings, *servers(settings)]


def writable(settings: Settings) -> Iterator[Finding]:
    """The data folder can be written to."""
    problem = environment.unwritable(settings.data_dir)
    fine = Bilingual(f"数据文件夹 {settings.data_dir} 可写", f"data folder {settings.data_dir} is writable")
    yield Finding(
        problem is None,
        problem or fine,
        Bilingual("更改权限，或用 --data 指定别处", "change its mode, or choose another with --data"),
    )


def space(settings: Settings) -> Iterator[Finding]:
    """There is room for the log and the stores to grow."""
    free = environment.free_bytes(settings.data_dir)
    told = Bilingual(f"剩余空间 {free / GIB:.1f} GiB", f"{free / GIB:.1f} GiB of free space")
    least = environment.FREE_BYTES / GIB
    yield Finding(
        free >= environment.FREE_BYTES,
        told,
        Bilingual(f"至少留出 {least:.1f} GiB", f"make room: at least {least:.1f} GiB"),
    )


def sqlite(_: Settings) -> Iterator[Finding]:
    """SQLite is new enough and can search full text."""
    lacking = environment.old_sqlite()
    fine = Bilingual(f"SQLite {sqlite3.sqlite_version}", f"SQLite {sqlite3.sqlite_version}")
    yield Finding(lacking is None, lacking or fine, Bilingual("换用较新的 Python", "use a newer build of Python"))


def clock(settings: Settings) -> Iterator[Finding]:
    """The clock has not gone back behind the data, and the time zone is known."""
    folder = settings.data_dir
    newest = max((path.stat().st_mtime for path in folder.glob("*")), default=0.0) if folder.is_dir() else 0.0
    ahead = newest - time.time()
    if ahead > AHEAD_SECONDS:
        told = Bilingual(f"系统时钟比数据晚 {ahead:.0f} 秒", f"the clock is {ahead:.0f} s behind the data")
    else:
        told = Bilingual("系统时钟不早于数据", "the clock is not behind the data")
    yield Finding(ahead <= AHEAD_SECONDS, told, Bilingual("校准系统时间（NTP）", "set the system's time (NTP)"))
    try:
        ZoneInfo(settings.timezone)
        known = True
    except (ZoneInfoNotFoundError, ValueError):
        known = False
    zone = Bilingual(f"时区 {settings.timezone}", f"time zone {settings.timezone}")
    yield Finding(
        known,
        zone,
        Bilingual(
            "HUB_TIMEZONE 应为 IANA 时区名，如 Asia/Shanghai", "HUB_TIMEZONE takes an IANA name such as Asia/Shanghai"
        ),
    )


def private_files(settings: Settings) -> Iterator[Finding]:
    """Nobody but the owner reads keys and tokens."""
    if os.name == "nt":
        return
    for name in PRIVATE_FILES:
        path = settings.data_dir / name
        if not path.exists():
            continue
        mode = path.stat().st_mode & 0o777
        told = Bilingual(f"{name} 的权限为 {mode:04o}", f"mode of {name} is {mode:04o}")
        yield Finding(not mode & 0o077, told, Bilingual(f"运行 chmod 600 {path}", f"run chmod 600 {path}"))


def provider(settings: Settings) -> Iterator[Finding]:
    """The OpenID Connect provider tells its keys, where one is named."""
    if not settings.oidc_issuer:
        return
    from hub.auth.oidc import ProviderKeys

    keys = ProviderKeys(settings.oidc_issuer, settings.oidc_jwks_url)
    try:
        count = keys.step(0.0)
    finally:
        keys.close()
    yield Finding(
        count > 0,
        Bilingual(
            f"登录服务 {settings.oidc_issuer} 给出 {count} 个可用的密钥",
            f"the provider {settings.oidc_issuer} tells {count} usable keys",
        ),
        Bilingual(
            "检查 HUB_OIDC_ISSUER（与发现文档的 issuer 逐字相同）、HUB_OIDC_JWKS_URL 和网络",
            "look at HUB_OIDC_ISSUER (exactly the issuer of its discovery document), HUB_OIDC_JWKS_URL and the network",
        ),
    )


def journals(settings: Settings) -> Iterator[Finding]:
    """Each store is in WAL mode, so that readers and the writer do not wait for each other."""
    for path in sorted(settings.data_dir.glob("*.db")):
        mode = _journal_mode(path)
        told = Bilingual(f"{path.name} 的日志模式为 {mode}", f"journal mode of {path.name} is {mode}")
        yield Finding(
            mode == "wal",
            told,
            Bilingual(
                "文件可能损坏，或位于不支持 WAL 的网络盘；请移到本地磁盘",
                "the file may be damaged, or on a network disk without WAL; move it to a local disk",
            ),
        )


def _journal_mode(path: Path) -> str:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5)
        try:
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return str(error)


def reachable(settings: Settings, running: bool) -> Iterator[Finding]:
    """A running hub answers that it is ready; otherwise its port is free."""
    if running:
        path = settings.data_dir / ADDRESS_FILE
        url = path.read_text("utf-8").strip() if path.exists() else ""
        told = Bilingual(f"枢纽正在运行：{url}", f"the hub is running: {url}")
        yield Finding(
            _is_ready(url),
            told,
            Bilingual(
                "后台任务出错或尚未就绪，请看枢纽的日志", "a worker fails or it is not ready yet; see the hub's log"
            ),
        )
        return
    try:
        environment.listening(settings.host, settings.port).close()
        free = True
    except (OSError, socket.gaierror):
        free = False
    told = Bilingual(
        f"端口 {settings.host}:{settings.port} {'空闲' if free else '被占用'}",
        f"port {settings.host}:{settings.port} is {'free' if free else 'taken'}",
    )
    yield Finding(
        free,
        told,
        Bilingual("用 hub up --port 换一个端口，或设置 HUB_PORT", "choose another with hub up --port or HUB_PORT"),
    )


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0).is_success
    except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol):
        return False


def opened(settings: Settings) -> list[Finding]:
    """What the stores themselves tell."""
    from app.composition import compose

    try:
        hub = compose(settings)
    except Exception as error:
        told = Bilingual(f"数据无法打开：{error}", f"the data cannot be opened: {error}")
        return [
            Finding(
                False,
                told,
                Bilingual(
                    "先解决上面的问题；文件损坏时从备份恢复",
                    "mend what is told above; restore damaged files from a backup",
                ),
            )
        ]
    try:
        return [*topics(hub, settings), *at_work(hub), *catalogue(hub)]
    finally:
        for worker in hub.workers:
            worker.close()
        hub.close()


def topics(hub: "Hub", settings: Settings) -> Iterator[Finding]:
    """The log's topics are as their contracts say."""
    from schemas.topics import topics as declared

    differences = hub.get(EVENT_LOG).differences(declared(settings.topic_partitions))
    yield from map(difference, differences)
    if not differences:
        yield Finding(True, Bilingual("主题与 schemas/topics.yaml 一致", "topics are as schemas/topics.yaml says"))


def at_work(hub: "Hub") -> Iterator[Finding]:
    """No worker has fallen far behind."""
    for name, lag in _lags(hub).items():
        told = Bilingual(f"{name} 待处理 {lag} 条", f"{lag} entries wait for {name}")
        yield Finding(
            lag < MANY_WAIT,
            told,
            Bilingual(
                "启动枢纽并等待处理完；若一直不降，请看日志", "start the hub and let it work; if they stay, see its log"
            ),
        )


def catalogue(hub: "Hub") -> Iterator[Finding]:
    """The catalogue says what the record store says; looked at only when nothing is on its way between them."""
    from services.catalog.service import check

    records, searched = hub.get(RECORD_STORE), hub.get(CATALOGUE)
    if any(_lags(hub).values()) or records.pending(1):
        waiting = Bilingual("有数据在处理中，目录暂未比对", "data are on their way; the catalogue was not compared")
        yield Finding(True, waiting)
        return
    fine = check(records, searched).equal
    told = (
        Bilingual(
            f"目录与记录库一致，{searched.count()} 条",
            f"the catalogue equals the record store: {searched.count()} records",
        )
        if fine
        else Bilingual("目录与记录库不一致", "the catalogue differs from the record store")
    )
    yield Finding(fine, told, Bilingual("停止枢纽后运行 hub rebuild", "stop the hub and run hub rebuild"))


def _lags(hub: "Hub") -> dict[str, int]:
    """What waits for each worker that reads the log."""
    lags = {}
    for worker in hub.workers:
        lag: Callable[[], int] | None = getattr(worker, "lag", None)
        if lag is not None:
            lags[worker.name] = lag()
    return lags
