"""What `hub doctor` looks at on the real profile: the servers, how far services are behind, and what they hold.

Nothing is changed: no topic, table, index or key is made, and no consumer group is joined.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from app.cli.servers import failures
from app.operations.doctor.checks import audit, keys
from app.operations.doctor.result import MANY_WAIT, Finding, difference
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.ports.clock import SystemClock
from hub.runtime.settings import Settings
from hub.text.messages import bilingual
from schemas.events.bookings import BOOKINGS
from schemas.events.usage import TELEMETRY, USAGE

if TYPE_CHECKING:
    from hub.log.kafka_eventlog import KafkaEventLog
    from hub.sql.postgresql import PostgresDatabase

CONNECT_SECONDS = 5.0
ELASTICSEARCH_MAJOR = 9
ALIAS = "hub-records"
REASON_CHARS = 300
OUTBOXES: Mapping[str, str] = {"outbox": "curation", "booking_outbox": "booking"}
"""Each outbox's table, and the service whose relay empties it."""


@dataclass(slots=True)
class Servers:
    """What earlier checks found out that later ones need. `None`: it could not be."""

    log: "KafkaEventLog | None" = None
    database: "PostgresDatabase | None" = None
    searching: bool = False
    waiting: dict[str, int] = field(default_factory=dict)


def examine(settings: Settings) -> list[Finding]:
    """Every check; those that need a server that is away are left out, since its own finding tells."""
    with ExitStack() as stack:
        servers = Servers()
        findings = [*kafka(settings, servers, stack), *postgresql(settings, servers, stack)]
        findings += elasticsearch(settings, servers)
        for check in (groups, outboxes, vault, trail, private_values, catalogue):
            try:
                findings += check(settings, servers)
            except failures() as error:
                findings.append(_failed(check.__name__, error))
        return findings


def kafka(settings: Settings, servers: Servers, stack: ExitStack) -> Iterator[Finding]:
    """It answers, topics are as their contracts say, and every replica of each partition is in sync."""
    from kafka import KafkaAdminClient

    from hub.log.kafka_eventlog import KafkaEventLog
    from schemas.topics import topics

    where = settings.kafka_bootstrap
    try:
        admin = stack.enter_context(
            closing(KafkaAdminClient(bootstrap_servers=where, bootstrap_timeout_ms=int(CONNECT_SECONDS * 1_000)))
        )
        wanted = topics(settings.topic_partitions)
        known = set(admin.list_topics())
        described = admin.describe_topics([topic.name for topic in wanted if topic.name in known])
        servers.log = KafkaEventLog(where)
        stack.callback(servers.log.close)
        differences = servers.log.differences(wanted)
    except failures() as error:
        yield _away("Kafka", where, "HUB_KAFKA_BOOTSTRAP", error)
        return
    yield Finding(True, bilingual("operations.kafka-answers", where=where))
    yield from map(difference, differences)
    if not differences:
        yield Finding(True, bilingual("operations.topics-schemas-topics-yaml"))
    yield _replicas(described)


def _replicas(topics: Sequence[Mapping[str, Any]]) -> Finding:
    parts = [(topic["name"], part) for topic in topics for part in topic["partitions"]]
    short = [
        name for name, part in parts if len(part["isr_nodes"]) < len(part["replica_nodes"]) or part["leader_id"] < 0
    ]
    if not short:
        return Finding(True, bilingual("operations.all-partitions-every-replica", parts=len(parts)))
    names = ", ".join(sorted(set(short)))
    return Finding(
        False,
        bilingual("operations.partitions-lack-replicas", short=len(short), names=names),
        bilingual("operations.bring-missing-broker-back"),
    )


def postgresql(settings: Settings, servers: Servers, stack: ExitStack) -> Iterator[Finding]:
    """It answers, and its tables are those of this release."""
    import psycopg

    from hub.sql.migrations import NEWEST
    from hub.sql.postgresql import PostgresDatabase
    from hub.sql.upgrade import VERSIONS_TABLE

    where = psycopg.conninfo.conninfo_to_dict(settings.postgresql_dsn)
    address = f"{where.get('host', '')}:{where.get('port', 5432)}/{where.get('dbname', '')}"
    try:
        with psycopg.connect(settings.postgresql_dsn, connect_timeout=int(CONNECT_SECONDS)) as sql:
            version = sql.info.parameter_status("server_version")
            made = sql.execute("SELECT to_regclass(%s)", (VERSIONS_TABLE,)).fetchone() != (None,)
            row = sql.execute(f"SELECT version_num FROM {VERSIONS_TABLE}").fetchone() if made else None
    except failures() as error:
        yield _away("PostgreSQL", address, "HUB_POSTGRESQL_DSN", error)
        return
    yield Finding(True, bilingual("operations.postgresql-answers", version=version, address=address))
    at, head = row[0] if row else "-", NEWEST
    yield Finding(
        at == head,
        bilingual("operations.tables-step-those-release", at=at, head=head),
        bilingual("operations.run-hub-stack-prepare"),
    )
    if row:
        servers.database = PostgresDatabase(settings.postgresql_dsn, 2)
        stack.callback(servers.database.close)


def elasticsearch(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """It answers, is of version 9 and healthy, and one index serves under the catalogue's alias."""
    url = settings.elasticsearch_url.rstrip("/")
    try:
        with httpx.Client(base_url=url, timeout=CONNECT_SECONDS) as client:
            version = str(client.get("/").raise_for_status().json()["version"]["number"])
            health = client.get("/_cluster/health").raise_for_status().json()
            alias = client.get(f"/_alias/{ALIAS}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError) as error:
        yield _away("Elasticsearch", url, "HUB_ELASTICSEARCH_URL", error)
        return
    yield Finding(
        version.partition(".")[0] == str(ELASTICSEARCH_MAJOR),
        bilingual("operations.elasticsearch-answers", version=version, url=url),
        bilingual("operations.use-version", ELASTICSEARCH_MAJOR=ELASTICSEARCH_MAJOR),
    )
    colour, missing = health["status"], health["unassigned_shards"]
    yield Finding(
        colour != "red",
        bilingual("operations.cluster-shards-unassigned", colour=colour, missing=missing),
        bilingual("operations.look-nodes-disks-if"),
    )
    serving = sorted(alias.json()) if alias.is_success else []
    servers.searching = len(serving) == 1 and colour != "red"
    listed = ", ".join(serving) or "-"
    yield Finding(
        len(serving) == 1,
        bilingual("operations.alias-stands", ALIAS=ALIAS, listed=listed),
        bilingual("operations.start-hub-serve-catalog"),
    )


def groups(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """No consumer group is far behind."""
    if servers.log is None:
        return
    for group, (service, names) in _groups(settings).items():
        try:
            with closing(servers.log.consumer(group, names)) as consumer:
                lag = consumer.lag()
        except LookupError:  # a topic is missing, which has been told
            continue
        servers.waiting[group] = lag
        yield _behind(group, lag, service)


def outboxes(_: Settings, servers: Servers) -> Iterator[Finding]:
    """No outbox is filling up. A relay is handed rows only while it leads, so that the tables themselves are asked."""
    if servers.database is None:
        return
    for table, service in OUTBOXES.items():
        with servers.database.read() as sql:
            (rows,) = sql.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
        servers.waiting[table] = rows
        yield _behind(table, rows, service)


def vault(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """The key file is the one that the values were kept with; its mode is looked at with the other private files."""
    from services.ingest.adapters.sql_vault import SqlVault
    from services.ingest.ports.vault import VaultLocked

    if servers.database is None:
        return
    path = settings.data_dir / "vault.key"
    with servers.database.read() as sql:
        used = sql.execute("SELECT 1 FROM vault_key").fetchone() is not None
    if not used:
        yield Finding(True, bilingual("operations.vault-not-been-used"))
        return
    problem = ""
    try:
        SqlVault(servers.database, path).close()
    except VaultLocked as error:
        problem = str(error)
    yield Finding(
        not problem,
        bilingual("operations.vault-does-not-open", problem=problem)
        if problem
        else bilingual("operations.vault-key-key-vault"),
        bilingual("operations.put-first-start-vault", data_dir=settings.data_dir),
    )


def trail(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """Every entry of the audit trail is as it was noted."""
    from services.privacy.adapters.sql_audit import SqlAuditTrail
    from services.privacy.manifest import AUDIT_FOLDER

    if servers.database is not None:
        with closing(SqlAuditTrail(servers.database, settings.data_dir / AUDIT_FOLDER)) as opened:
            yield from audit(opened)


def private_values(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """They are sealed, and have their keys; no key is made where there is none yet."""
    from services.privacy.adapters.sql_personal import MASTER_FILE, SqlPersonalValues

    if servers.database is not None and (settings.data_dir / MASTER_FILE).exists():
        personal = SqlPersonalValues(servers.database, settings.data_dir, SystemClock())
        yield from keys(servers.database, servers.database, personal)


def catalogue(settings: Settings, servers: Servers) -> Iterator[Finding]:
    """The catalogue says what the record store says; compared only while nothing is on its way between them."""
    from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
    from services.catalog.service import check
    from services.curation.adapters.postgresql_store import PostgresRecordStore

    if servers.log is None or servers.database is None or not servers.searching:
        return
    on_its_way = bilingual("operations.on-its-way")
    if any(servers.waiting.get(name, 1) for name in ("curation", "catalogue", "outbox")):
        yield Finding(True, on_its_way)
        return
    before = servers.log.end_offsets(RECORDS)
    with (
        closing(ElasticsearchCatalogue(settings.elasticsearch_url, patience=CONNECT_SECONDS)) as searched,
        closing(PostgresRecordStore(servers.database, settings.node)) as records,
    ):
        fine = check(records, searched).equal
        count = searched.count()
    if not fine and servers.log.end_offsets(RECORDS) != before:
        yield Finding(True, on_its_way)
        return
    yield Finding(
        fine,
        bilingual("operations.catalogue-equals-record-store", count=count)
        if fine
        else bilingual("operations.catalogue-differs-record-store"),
        bilingual("operations.run-hub-rebuild-services"),
    )


def _groups(settings: Settings) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Each consumer group, with its service and its topics."""
    from services.catalog.sink import GROUP as CATALOGUE
    from services.curation.service import GROUP as CURATION

    return {
        CURATION: ("curation", (SUBMISSIONS,)),
        CATALOGUE: ("catalog", (RECORDS,)),
        "usage": ("usage", (RECORDS, TELEMETRY, BOOKINGS)),
        f"usage-feed.{settings.instance}": ("usage", (USAGE,)),
    }


def _behind(name: str, waiting: int, service: str) -> Finding:
    return Finding(
        waiting < MANY_WAIT,
        bilingual("operations.entries-wait", name=name, waiting=waiting),
        bilingual("operations.start-hub-serve-more", service=service),
    )


def _away(name: str, where: str, setting: str, error: Exception) -> Finding:
    reason = _reason(error)
    return Finding(
        False,
        bilingual("operations.cannot-used", name=name, where=where, said=reason),
        bilingual("operations.start-mend-try-out", setting=setting),
    )


def _failed(check: str, error: Exception) -> Finding:
    reason = _reason(error)
    return Finding(
        False,
        bilingual("operations.check-could-not-completed", check=check, said=reason),
        bilingual("operations.mend-what-told-above.mend-what-told-above"),
    )


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:REASON_CHARS] or type(error).__name__
