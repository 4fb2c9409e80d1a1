"""Dead letters listed and replayed, on the embedded log and on Kafka, and by the command of an embedded hub."""

from collections.abc import Collection, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest

from app.cli.main import main
from app.composition import compose
from app.operations import dead_letters
from app.operations.dead_letters import DeadLetters
from hub.kernel.deadletters import dead_letter, dead_letter_topic
from hub.kernel.entries import Delivered, Entry
from hub.kernel.records import RECORDS
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.eventlog import EventLog, Topic
from hub.ports.records import RecordReader
from hub.runtime.manifest import EVENT_LOG
from hub.runtime.settings import Settings

pytestmark = pytest.mark.integration


class Versions:
    """A record reader that knows versions alone."""

    def __init__(self, **known: int) -> None:
        self.known = known

    def get(self, ids: Collection[str]) -> dict[str, Any]:
        return {one: SimpleNamespace(version=self.known[one]) for one in ids if one in self.known}


def letters_of(log: EventLog, **known: int) -> DeadLetters:
    return DeadLetters(log, cast(RecordReader, Versions(**known)))


def letter(topic: str, key: str, value: bytes = b"{}", code: str = "bad-data") -> Entry:
    read = Delivered(topic, 2, 40, key.encode(), value, (("ce_id", key.encode()), ("ce_time", b"2026-03-01T08:00:00Z")))
    return dead_letter(read, code, "the data are no submission")


@pytest.fixture(params=["embedded", "kafka"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param == "embedded":
        opened: EventLog = SqliteEventLog(tmp_path / "log.db")
    else:
        from hub.log.kafka_eventlog import KafkaEventLog

        opened = KafkaEventLog(request.getfixturevalue("kafka_bootstrap"), session_seconds=6.0)
    yield opened
    opened.close()


@pytest.fixture
def topic(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"submissions-{uuid4().hex[:8]}"
    monkeypatch.setattr(dead_letters, "REPLAYABLE", (name,))
    log.create_topics([Topic(name), Topic(dead_letter_topic(name))])
    return name


def read(log: EventLog, topic: str) -> list[Delivered]:
    reader = log.consumer(f"test-{uuid4().hex[:8]}", [topic])
    try:
        return [entry for batch in dead_letters._read(reader, reader.lag()) for entry in batch]
    finally:
        reader.close()


def test_letters_are_replayed_as_they_were_and_each_once(log: EventLog, topic: str) -> None:
    letters = letters_of(log)
    sent = [letter(topic, f"r{number}", code=("bad-data", "no-event")[number == 4]) for number in range(5)]
    log.append(dead_letter_topic(topic), [*sent[:3], Entry(b"stray", b"{}"), letter("other", "x"), *sent[3:]])

    count = letters.count(topic)
    assert (count.kept, count.waiting) == (7, 7)
    assert count.reasons == {"bad-data": 5, "-": 1, "no-event": 1}
    assert [one.key for one in letters.newest(topic, 2)] == [b"r3", b"r4"]
    second = letters.letter(topic, 0, 1)
    assert second is not None
    assert (second.key, letters.letter(topic, 0, 7)) == (b"r1", None)

    first = letters.replay(topic, limit=2)
    assert (first.replayed, first.left) == (2, 5)
    rest = letters.replay(topic)
    assert (rest.replayed, rest.foreign, rest.left) == (3, 2, 0)
    nothing = letters.replay(topic)
    assert (nothing.replayed, nothing.left) == (0, 0)

    replayed = read(log, topic)
    assert [one.key.decode() for one in replayed] == ["r0", "r1", "r2", "r3", "r4"]
    assert dict(replayed[0].headers) == {"ce_id": b"r0", "ce_time": b"2026-03-01T08:00:00Z"}
    again = letters.replay(topic, again=True)
    assert (again.replayed, again.left, letters.count(topic).waiting) == (5, 0, 0)


def test_what_dies_again_meanwhile_waits_for_the_next_replay(log: EventLog, topic: str) -> None:
    class Bouncing:
        """A log whose consumers put everything aside again, at once."""

        def append(self, name: str, entries: list[Entry]) -> None:
            log.append(dead_letter_topic(name), [letter(name, entry.key.decode()) for entry in entries])

        def __getattr__(self, name: str) -> Any:
            return getattr(log, name)

    log.append(dead_letter_topic(topic), [letter(topic, "r1"), letter(topic, "r2")])
    done = letters_of(cast(EventLog, Bouncing())).replay(topic)
    assert (done.replayed, done.left) == (2, 2)


def test_a_record_with_a_newer_version_is_left_out(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.db")
    log.create_topics([Topic(RECORDS, compacted=True), Topic(dead_letter_topic(RECORDS))])
    values = [orjson.dumps({"version": version}) for version in (3, 4)]
    log.append(dead_letter_topic(RECORDS), [letter(RECORDS, "r1", value) for value in (*values, b"no JSON")])
    done = letters_of(log, r1=4).replay(RECORDS)
    assert (done.replayed, done.outdated) == (1, 2)
    assert [one.value for one in read(log, RECORDS)] == [values[1]]
    with pytest.raises(ValueError, match="not replayed"):
        letters_of(log).replay("usage")
    log.close()


def test_the_command_on_an_embedded_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--data", str(tmp_path), "--lang", "en"]
    assert main(["dead-letters", "list", *where], {}) == 2
    hub = compose(Settings(data_dir=tmp_path))
    hub.get(EVENT_LOG).append("submissions.dead-letters", [letter("submissions", "owner:T-1", b'{"a":1}')])
    for worker in hub.workers:
        worker.close()
    hub.close()
    capsys.readouterr()

    assert main(["dead-letters", "list", "--topic", "submissions.dead-letters", *where], {}) == 1
    told = capsys.readouterr().out
    assert "owner:T-1" in told
    assert "bad-data: the data are no submission" in told
    assert main(["dead-letters", "show", "submissions", "0", *where], {}) == 0
    assert '"a": 1' in capsys.readouterr().out
    assert main(["dead-letters", "show", "submissions", "1", *where], {}) == 2
    assert main(["dead-letters", "replay", "--all", "--limit", "1", *where], {}) == 2
    assert main(["dead-letters", "replay", "--topic", "usage", *where], {}) == 2
    assert main(["dead-letters", "replay", *where], {}) == 0
    assert "submissions: 1 replayed" in capsys.readouterr().out
    assert main(["dead-letters", "list", *where], {}) == 0
