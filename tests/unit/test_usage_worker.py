"""What the Faust worker adds to Faust: a flush that can be trusted, and an end instead of a gap."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.events.usage import TELEMETRY, USAGE, Run
from services.usage import faust_app as worker
from services.usage.adapters.faust_producer import WAITING_LIMIT, SureBuffer
from services.usage.core.facts import SOURCES
from services.usage.faust_app import Counter, TableState
from tests.unit.test_usage_values import RUN, event

pytestmark = pytest.mark.unit


class Broker:
    """Takes messages, and acknowledges them when it is told to."""

    def __init__(self) -> None:
        self.taken: list[asyncio.Future[None]] = []

    async def publish_message(self, message: Any, wait: bool = False) -> "asyncio.Future[None]":
        await asyncio.sleep(0)
        self.taken.append(asyncio.get_running_loop().create_future())
        return self.taken[-1]

    def message(self) -> Any:
        return SimpleNamespace(message=SimpleNamespace(channel=self))


async def buffer_of(broker: Broker, messages: int) -> SureBuffer:
    buffer = SureBuffer()
    app: Any = SimpleNamespace(conf=SimpleNamespace(producer_threaded=False))
    buffer.app = app
    await buffer.start()
    for _ in range(messages):
        buffer.put(broker.message())
    return buffer


async def settled(task: "asyncio.Task[None]") -> bool:
    """Whether the task ends when nothing else happens."""
    for _ in range(200):
        await asyncio.sleep(0)
    return task.done()


def test_a_flush_waits_for_every_acknowledgement_of_what_was_put_before() -> None:
    async def run() -> None:
        broker = Broker()
        buffer = await buffer_of(broker, 5)
        flush = asyncio.create_task(buffer.flush())
        assert not await settled(flush)
        buffer.put(broker.message())
        for taken in broker.taken[:4]:
            taken.set_result(None)
        assert not await settled(flush)
        broker.taken[4].set_result(None)
        assert await settled(flush)
        broker.taken[5].set_result(None)
        await buffer.stop()

    asyncio.run(run())


def test_what_the_broker_refused_fails_every_later_flush() -> None:
    async def run() -> None:
        broker = Broker()
        buffer = await buffer_of(broker, 2)
        flush = asyncio.create_task(buffer.flush())
        await settled(flush)
        broker.taken[0].set_exception(OSError("refused"))
        broker.taken[1].set_result(None)
        with pytest.raises(OSError, match="refused"):
            await flush
        with pytest.raises(OSError, match="refused"):
            await buffer.flush()

    asyncio.run(run())


def test_a_flush_that_is_given_up_gives_up_no_message() -> None:
    async def run() -> None:
        broker = Broker()
        buffer = await buffer_of(broker, 2)
        flush = asyncio.create_task(buffer.flush())
        await settled(flush)
        flush.cancel()
        assert await settled(flush)
        for taken in broker.taken:
            taken.set_result(None)
        await buffer.flush()

    asyncio.run(run())


def test_a_buffer_that_stops_sends_what_it_has() -> None:
    async def run() -> None:
        broker = Broker()
        buffer = await buffer_of(broker, 50)
        stop = asyncio.create_task(buffer.stop())
        await settled(stop)
        assert len(broker.taken) == 50
        for taken in broker.taken:
            taken.set_result(None)
        await stop

    asyncio.run(run())


def test_no_event_is_taken_up_while_too_much_waits() -> None:
    async def run() -> None:
        broker = Broker()
        buffer = await buffer_of(broker, WAITING_LIMIT + 50)
        ebb = asyncio.create_task(buffer.wait_until_ebb())
        await asyncio.sleep(0)
        assert not ebb.done()
        await ebb
        assert 50 <= len(broker.taken) < WAITING_LIMIT + 50

    asyncio.run(run())


class Topics:
    """The application as far as the counter uses it: what was sent, by topic."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def topic(self, name: str) -> Any:
        return SimpleNamespace(send_soon=lambda key, value, headers: self.sent.append((name, key)))


class Table(dict[bytes, bytes]):
    """Counts its writes."""

    writes = 0

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.writes += 1
        super().__setitem__(key, value)


def message(run: Run) -> Any:
    entry = event(run.to_bytes())
    return SimpleNamespace(
        topic=TELEMETRY, partition=0, offset=1, key=entry.key, value=entry.value, headers=list(entry.headers)
    )


def test_a_repeat_sends_again_and_writes_again_what_another_process_wrote() -> None:
    app, table = Topics(), Table()
    counter = Counter(app, TableState(table), "hub.test")
    counter.handle(message(RUN))
    written, sent = table.writes, list(app.sent)
    assert sent == [(USAGE, b"instrument-a|2026-03")]
    counter.handle(message(RUN))
    assert (table.writes, app.sent) == (written, sent * 2)
    Counter(app, TableState(table), "hub.test").handle(message(RUN))
    assert (table.writes, app.sent) == (written * 2, sent * 3)


def test_a_fault_ends_the_worker_before_it_can_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("services.usage.faust_app.os._exit", ended.append)
    broken: Any = SimpleNamespace(get=lambda key: 1 / 0)
    Counter(Topics(), broken, "hub.test").handle(message(RUN))
    assert ended == [worker.FAILED]


def test_the_worker_is_made_of_the_topics_it_reads(tmp_path: Path) -> None:
    made = worker.make_app("127.0.0.1:9,127.0.0.1:10", tmp_path, 3, "hub.test")
    assert [url.port for url in made.conf.broker] == [9, 10]
    assert {topic for agent in made.agents.values() for topic in agent.get_topic_names()} == set(SOURCES)
    assert made.conf.processing_guarantee.value == "at_least_once"
    assert made.tables["state"].changelog_topic.partitions == 3
