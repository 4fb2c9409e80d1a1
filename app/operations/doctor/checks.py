"""What `hub doctor` looks at. Each check tells what it found, and what helps where that is not well."""

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from app.cli import environment
from app.cli.servers import INSTALL, missing_libraries
from app.cli.session import ADDRESS_FILE, DEMO_TOKEN
from app.operations.doctor.result import MANY_WAIT, Finding, difference
from hub.auth.tokens import ACCESS_FILE, OPERATOR_TOKEN
from hub.kernel.records import RECORDS
from hub.runtime.lock import is_busy
from hub.runtime.manifest import CATALOGUE, EVENT_LOG, PERSONAL, RECORD_STORE
from hub.runtime.settings import Settings
from hub.text.language import Bilingual
from hub.text.messages import bilingual

if TYPE_CHECKING:
    from app.composition import Hub
    from hub.sql.statements import SqlDatabase
    from services.privacy.adapters.sql_personal import SqlPersonalValues
    from services.privacy.ports import AuditStore

PRIVATE_FILES = (OPERATOR_TOKEN, DEMO_TOKEN, ACCESS_FILE, "vault.key", "persons.key")
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
        never = bilingual("operations.never", data_dir=settings.data_dir)
        return [*findings, Finding(True, never)]
    return [*findings, *opened(settings)]


def _examine_real(settings: Settings) -> list[Finding]:
    checks: list[Check] = [writable, space, clock, private_files, provider]
    findings = [finding for check in checks for finding in check(settings)]
    if lacking := missing_libraries():
        listed = ", ".join(lacking)
        missing = bilingual("operations.missing", listed=listed)
        return [*findings, Finding(False, missing, INSTALL)]
    from app.operations.doctor.server_checks import examine as servers

    return [*findings, *servers(settings)]


def writable(settings: Settings) -> Iterator[Finding]:
    """The data folder can be written to."""
    problem = environment.unwritable(settings.data_dir)
    fine = bilingual("operations.fine", data_dir=settings.data_dir)
    yield Finding(problem is None, problem or fine, bilingual("operations.change-mode-choose-another"))


def space(settings: Settings) -> Iterator[Finding]:
    """There is room for the log and the stores to grow."""
    free = environment.free_bytes(settings.data_dir)
    text = bilingual("operations.told", free=free / GIB)
    least = environment.FREE_BYTES / GIB
    yield Finding(free >= environment.FREE_BYTES, text, bilingual("operations.make-room-least-gib", least=least))


def sqlite(_: Settings) -> Iterator[Finding]:
    """SQLite is new enough and can search full text."""
    lacking = environment.old_sqlite()
    fine = Bilingual(f"SQLite {sqlite3.sqlite_version}", f"SQLite {sqlite3.sqlite_version}")
    yield Finding(lacking is None, lacking or fine, bilingual("operations.use-newer-build-python"))


def clock(settings: Settings) -> Iterator[Finding]:
    """The clock has not gone back behind the data, and the time zone is known."""
    folder = settings.data_dir
    newest = max((path.stat().st_mtime for path in folder.glob("*")), default=0.0) if folder.is_dir() else 0.0
    ahead = newest - time.time()
    if ahead > AHEAD_SECONDS:
        text = bilingual("operations.told.clock-s-behind-data", ahead=ahead)
    else:
        text = bilingual("operations.told.clock-not-behind-data")
    yield Finding(ahead <= AHEAD_SECONDS, text, bilingual("operations.set-system-time-ntp"))
    try:
        ZoneInfo(settings.timezone)
        known = True
    except (ZoneInfoNotFoundError, ValueError):
        known = False
    zone = bilingual("operations.zone", timezone=settings.timezone)
    yield Finding(known, zone, bilingual("operations.hub-timezone-takes-iana"))


def private_files(settings: Settings) -> Iterator[Finding]:
    """Nobody but the owner reads keys and tokens."""
    if os.name == "nt":
        return
    for name in PRIVATE_FILES:
        path = settings.data_dir / name
        if not path.exists():
            continue
        mode = path.stat().st_mode & 0o777
        text = bilingual("operations.told.mode", name=name, mode=mode)
        yield Finding(not mode & 0o077, text, bilingual("operations.run-chmod", path=path))


def provider(settings: Settings) -> Iterator[Finding]:
    """The OpenID Connect provider tells its keys, where one is named."""
    if not settings.oidc_issuer:
        return
    from hub.auth.oidc import ProviderKeys

    with closing(ProviderKeys(settings.oidc_issuer, settings.oidc_jwks_url)) as keys:
        count = keys.step(0.0)
    yield Finding(
        count > 0,
        bilingual("operations.provider-tells-usable-keys", oidc_issuer=settings.oidc_issuer, count=count),
        bilingual("operations.look-hub-oidc-issuer"),
    )


def journals(settings: Settings) -> Iterator[Finding]:
    """Each store is in WAL mode, so that readers and the writer do not wait for each other."""
    for path in sorted(settings.data_dir.glob("*.db")):
        mode = _journal_mode(path)
        text = bilingual("operations.told.journal-mode", name=path.name, mode=mode)
        yield Finding(mode == "wal", text, bilingual("operations.file-may-damaged-network"))


def _journal_mode(path: Path) -> str:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5)) as connection:
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def reachable(settings: Settings, running: bool) -> Iterator[Finding]:
    """A running hub answers that it is ready; otherwise its port is free."""
    if running:
        path = settings.data_dir / ADDRESS_FILE
        url = path.read_text("utf-8").strip() if path.exists() else ""
        text = bilingual("operations.told.hub-running", url=url)
        yield Finding(_is_ready(url), text, bilingual("operations.worker-fails-not-ready"))
        return
    try:
        environment.listening(settings.host, settings.port).close()
        free = True
    except (OSError, socket.gaierror):
        free = False
    state = "operations.port-free" if free else "operations.port-taken"
    text = bilingual(state, host=settings.host, port=settings.port)
    yield Finding(free, text, bilingual("operations.choose-another-hub-up"))


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0).is_success
    except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol):
        return False


def opened(settings: Settings) -> list[Finding]:
    """What the stores themselves tell."""
    from app.composition import compose
    from services.privacy.manifest import trail

    try:
        hub = compose(settings)
    except Exception as error:
        text = bilingual("operations.told.data-cannot-opened", error=error)
        return [Finding(False, text, bilingual("operations.mend-what-told-above"))]
    on = hub.resources
    try:
        return [
            *topics(hub, settings), *at_work(hub), *dead_letters(hub), *catalogue(hub), *audit(trail(on)),
            *keys(on.tables("records"), on.tables("accounts"), cast("SqlPersonalValues", on.get(PERSONAL))),
        ]  # fmt: skip
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
        yield Finding(True, bilingual("operations.topics-schemas-topics-yaml"))


def at_work(hub: "Hub") -> Iterator[Finding]:
    """No worker has fallen far behind."""
    for name, lag in _lags(hub).items():
        text = bilingual("operations.told.entries-wait", name=name, lag=lag)
        yield Finding(lag < MANY_WAIT, text, bilingual("operations.start-hub-let-work"))


def dead_letters(hub: "Hub") -> Iterator[Finding]:
    """What could not be used is told of; a record that could not be published is missing where people search."""
    from app.operations.dead_letters import TOPICS, DeadLetters

    letters = DeadLetters(hub.get(EVENT_LOG), hub.get(RECORD_STORE))
    for topic in TOPICS:
        count = letters.count(topic)
        if count.waiting:
            reasons = ", ".join(f"{code} {number}" for code, number in count.reasons.items())
            text = bilingual("operations.dead-letters", topic=topic, waiting=count.waiting, reasons=reasons)
            yield Finding(topic != RECORDS, text, bilingual("operations.look-dead-letters", topic=topic))


def catalogue(hub: "Hub") -> Iterator[Finding]:
    """The catalogue says what the record store says; looked at only when nothing is on its way between them."""
    from services.catalog.service import check

    records, searched = hub.get(RECORD_STORE), hub.get(CATALOGUE)
    if any(_lags(hub).values()) or records.pending(1):
        waiting = bilingual("operations.waiting")
        yield Finding(True, waiting)
        return
    fine = check(records, searched).equal
    text = (
        bilingual("operations.catalogue-equals-record-store", count=searched.count())
        if fine
        else bilingual("operations.catalogue-differs-record-store")
    )
    yield Finding(fine, text, bilingual("operations.stop-hub-run-hub"))


def audit(trail: "AuditStore") -> Iterator[Finding]:
    """Every entry of the audit trail is as it was noted."""
    broken = trail.verify()
    text = bilingual("operations.audit-whole")
    if broken:
        text = bilingual("operations.audit-broken", number=broken.number, how=broken.how)
    yield Finding(broken is None, text, bilingual("operations.audit-broken-remedy"))


def keys(records: "SqlDatabase", accounts: "SqlDatabase", personal: "SqlPersonalValues") -> Iterator[Finding]:
    """No private value lies in clear, and each that is sealed has its key, but for those that were erased."""
    from app.operations.sealing import is_sealed, sealed_of_people

    if not is_sealed(records):
        yield Finding(False, bilingual("operations.unsealed"), bilingual("operations.unsealed-remedy"))
    lacking = sum(map(personal.without_key, sealed_of_people(records, accounts)))
    text = bilingual("operations.keys-lack", count=lacking) if lacking else bilingual("operations.keys-there")
    yield Finding(not lacking, text, bilingual("operations.keys-lack-remedy"))


def _lags(hub: "Hub") -> dict[str, int]:
    """What waits for each worker that reads the log."""
    lags = {}
    for worker in hub.workers:
        lag: Callable[[], int] | None = getattr(worker, "lag", None)
        if lag is not None:
            lags[worker.name] = lag()
    return lags
