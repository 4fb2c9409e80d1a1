"""A person is erased on PostgreSQL and Kafka: every table's text and every topic's log is searched for the values."""

import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, TopicPartition

from app.composition import resources
from app.operations.backup import backup
from app.operations.move import move
from app.operations.sealing import seal_on_servers
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.runtime.manifest import PERSONAL, RECORD_STORE
from schemas.topics import contracts
from services.accounts.manifest import ACCOUNTS
from services.curation.service import Relay
from tests.integration import searching
from tests.integration.moving_hub import Live, Servers, silent
from tests.integration.test_erasure import NAME, OTHER, PRIVATE, registered
from tests.integration.test_sealing import CLEAR, FOLDER, HERS, PURPOSE

pytestmark = pytest.mark.integration
ADDRESS, CALLED = "li.servers@example.org", "李服务器"


@pytest.fixture
def servers(kafka_bootstrap: str, elasticsearch_url: str, database: str) -> Iterator[Servers]:
    there = Servers(kafka_bootstrap, elasticsearch_url, database)
    there.wipe()
    yield there
    there.wipe()


def tables(dsn: str) -> Iterator[searching.Place]:
    """Every row of every table, decompressed where it was compressed."""
    with psycopg.connect(dsn) as sql:
        names = sql.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            yield from searching.rows(name, sql.execute(f'SELECT * FROM "{name}"').fetchall())


def topics(bootstrap: str) -> Iterator[searching.Place]:
    """Every entry that the brokers give, keys and headers included."""
    names = sorted(contract.topic.name for contract in contracts())
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    with closing(consumer):
        parts = [TopicPartition(name, number) for name in names for number in consumer.partitions_for_topic(name) or ()]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        while any(consumer.position(part) < end for part, end in ends.items()):
            for part, entries in consumer.poll(timeout_ms=1_000).items():
                yield from (
                    (part.topic, repr(entry.headers).encode() + entry.key + (entry.value or b"")) for entry in entries
                )


def everything(servers: Servers) -> list[searching.Place]:
    return [*tables(servers.database), *topics(servers.kafka)]


def test_nothing_private_of_an_erased_person_is_in_any_table_topic_or_backup(servers: Servers, tmp_path: Path) -> None:
    settings = servers.settings(tmp_path / "hub")
    with Live(settings) as live:
        person = registered(live)
        account = live.hub.get(ACCOUNTS).access.add_account(CALLED, known_by=[("email", ADDRESS)])
        file = tmp_path / "before.tar"
        backup(settings, file, silent)
        at_rest = [*everything(servers), *searching.backup(file, tmp_path / "before")]
        held = {name for name, _ in searching.readable(at_rest, [NAME])}
        assert held >= {"contributions", "history", "records", SUBMISSIONS, RECORDS}, "the search finds what is there"
        assert searching.readable(at_rest, [*PRIVATE, ADDRESS, CALLED]) == set()
        of_all = searching.tokens(at_rest)
        personal = live.hub.get(PERSONAL)
        opened = {str(value) for value in personal.open(of_all).values()}
        assert opened >= {*PRIVATE, ADDRESS, CALLED, OTHER["email"]}
        live.post(f"people/{person}/erasure", {"reason": "asked for it"})
        left = {str(value) for value in personal.open(of_all | searching.tokens(everything(servers))).values()}
        assert left == {ADDRESS, CALLED, OTHER["email"], OTHER["phone"]}
        assert searching.readable(everything(servers), [*PRIVATE, ADDRESS, CALLED]) == set()
        assert live.hub.get(ACCOUNTS).access.accounts.names([account]) == {account.id: CALLED}


def test_what_an_earlier_release_brought_to_servers_in_clear_is_sealed_there(servers: Servers, tmp_path: Path) -> None:
    settings = servers.settings(tmp_path / "hub")
    with tarfile.open(FOLDER) as tar:
        tar.extractall(tmp_path / "hub", filter="data")
    move(tmp_path / "hub", settings, silent)
    before = everything(servers)
    assert {value for _, value in searching.readable(before, [*CLEAR, PURPOSE])} == {*CLEAR, PURPOSE}
    with closing(resources(settings, making=True)) as on:
        done = seal_on_servers(on)
        assert done is not None
        assert done.values > 0
        assert seal_on_servers(on) is None
    assert searching.readable(tables(servers.database), [*HERS, PURPOSE]) == set()
    with Live(settings, works=False) as live:
        (relay,) = [worker for worker in live.hub.workers if isinstance(worker, Relay)]
        while relay.step(0.5):
            continue
        newest = {data.split(b'"id":"', 1)[1][:40]: data for name, data in topics(servers.kafka) if name == RECORDS}
        assert searching.readable([(RECORDS, data) for data in newest.values()], HERS) == set()
        (person,) = [one for one in live.hub.get(RECORD_STORE).scan("expert") if one.fields["name_zh"] == "欧阳试擦除"]
        assert live.get(f"records/{person.id}")["fields"]["email"] == CLEAR[1]
        live.post(f"people/{person.id}/erasure", {"reason": "asked for it"})
        tokens = searching.tokens([*tables(servers.database), *((RECORDS, data) for data in newest.values())])
        assert not {*CLEAR, HERS[-1]} & {str(value) for value in live.hub.get(PERSONAL).open(tokens).values()}
