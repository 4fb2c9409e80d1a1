"""What every event log does, whatever it runs on. An adapter's test inherits the class and says how to open one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest

from hub.kernel.entries import Delivered, Entry
from hub.log.partitioner import partition_of
from hub.ports.eventlog import ENTRY_BYTES_LIMIT, Consumer, EventLog, TooLarge, Topic, UnknownTopic
from tests.conformance.gaps import Conformance, needs
from tests.waiting import PATIENCE_SECONDS, wait_until

Open = Callable[[], EventLog]


def entry(key: str, value: str = "", **headers: str) -> Entry:
    return Entry(key.encode(), value.encode(), tuple((name, text.encode()) for name, text in headers.items()))


def drain(consumer: Consumer, expected: int) -> list[Delivered]:
    """Poll until that many entries have come, or fail after PATIENCE_SECONDS seconds of silence."""
    found: list[Delivered] = []
    while len(found) < expected:
        got = consumer.poll(100, PATIENCE_SECONDS)
        assert got, f"only {len(found)} of {expected} entries came"
        found += got
    return found


def values(entries: Sequence[Delivered]) -> list[str]:
    return [(item.value or b"").decode() for item in entries]


class EventLogConformance(Conformance):
    """Capabilities: `atomic-append`, `compaction-on-demand`, `group-rebalancing`.

    The adapter overrides the fixture `open_log`: a function that opens the same log once more; and, with
    `compaction-on-demand`, the method `compact`.
    """

    suite = "event log"

    @pytest.fixture
    def open_log(self) -> Open:
        raise NotImplementedError

    def compact(self, log: EventLog) -> None:
        raise NotImplementedError

    @pytest.fixture
    def log(self, open_log: Open) -> Iterator[EventLog]:
        log = open_log()
        yield log
        log.close()

    @pytest.fixture
    def topic(self, log: EventLog) -> str:
        return self.created(log)

    def created(self, log: EventLog, partitions: int = 1, compacted: bool = False) -> str:
        name = f"conformance-{uuid4().hex[:12]}"
        log.create_topics([Topic(name, partitions, compacted)])
        return name

    def group(self) -> str:
        return f"group-{uuid4().hex[:12]}"

    def test_entries_come_back_as_they_were_appended(self, log: EventLog, topic: str) -> None:
        sent = [
            Entry(b"k", b"v", (("ce_id", b"1"), ("ce_type", "类型".encode()))),
            Entry(b"", b"", ()),
            Entry("键".encode(), bytes(range(256)), (("odd", b"\x1f\x00\x01"), ("odd", b""))),
            Entry(b"gone", None, (("reason", b"withdrawn"),)),
        ]
        log.append(topic, sent)
        consumer = log.consumer(self.group(), [topic])
        got = drain(consumer, len(sent))
        assert [Entry(item.key, item.value, item.headers) for item in got] == sent
        assert [(item.topic, item.partition, item.offset) for item in got] == [(topic, 0, n) for n in range(len(sent))]
        consumer.close()

    def test_offsets_go_on_from_append_to_append(self, log: EventLog, topic: str) -> None:
        for n in range(5):
            log.append(topic, [entry("a", f"{n}.{i}") for i in range(n)])
        assert dict(log.end_offsets(topic)) == {0: 10}
        consumer = log.consumer(self.group(), [topic])
        assert [item.offset for item in drain(consumer, 10)] == list(range(10))
        consumer.close()

    def test_appending_nothing_changes_nothing(self, log: EventLog, topic: str) -> None:
        log.append(topic, [])
        assert dict(log.end_offsets(topic)) == {0: 0}

    def test_a_poll_returns_at_most_its_limit_and_then_goes_on(self, log: EventLog, topic: str) -> None:
        log.append(topic, [entry("a", str(n)) for n in range(10)])
        consumer = log.consumer(self.group(), [topic])
        first = consumer.poll(4, PATIENCE_SECONDS)
        assert 1 <= len(first) <= 4
        rest = drain(consumer, 10 - len(first))
        assert values([*first, *rest]) == [str(n) for n in range(10)]
        assert consumer.poll(4, 0.01) == []
        consumer.close()

    def test_what_was_not_committed_comes_again(self, log: EventLog, topic: str) -> None:
        group = self.group()
        log.append(topic, [entry("a", str(n)) for n in range(6)])
        first = log.consumer(group, [topic])
        got = drain(first, 6)
        first.commit(got[:2])
        first.close()
        second = log.consumer(group, [topic])
        assert values(drain(second, 4)) == ["2", "3", "4", "5"]
        second.close()

    def test_a_position_outlives_the_log_object(self, open_log: Open) -> None:
        log, group = open_log(), self.group()
        topic = self.created(log)
        log.append(topic, [entry("a", str(n)) for n in range(3)])
        consumer = log.consumer(group, [topic])
        consumer.commit(drain(consumer, 3)[:2])
        consumer.close()
        log.close()
        again = open_log()
        consumer = again.consumer(group, [topic])
        assert values(drain(consumer, 1)) == ["2"]
        consumer.close()
        again.close()

    def test_groups_do_not_disturb_each_other(self, log: EventLog, topic: str) -> None:
        log.append(topic, [entry("a", str(n)) for n in range(3)])
        one, other = log.consumer(self.group(), [topic]), log.consumer(self.group(), [topic])
        one.commit(drain(one, 3))
        assert (one.lag(), other.lag()) == (0, 3)
        assert values(drain(other, 3)) == ["0", "1", "2"]
        one.close()
        other.close()

    def test_lag_counts_from_the_stored_position(self, log: EventLog, topic: str) -> None:
        log.append(topic, [entry("a", str(n)) for n in range(4)])
        consumer = log.consumer(self.group(), [topic])
        assert consumer.lag() == 4
        got = drain(consumer, 4)
        assert consumer.lag() == 4
        consumer.commit(got[:3])
        assert consumer.lag() == 1
        consumer.close()

    def test_rewinding_delivers_everything_again(self, log: EventLog, topic: str) -> None:
        log.append(topic, [entry("a", str(n)) for n in range(3)])
        consumer = log.consumer(self.group(), [topic])
        consumer.commit(drain(consumer, 3))
        consumer.rewind()
        assert values(drain(consumer, 3)) == ["0", "1", "2"]
        consumer.close()

    def test_rewinding_comes_before_the_first_poll_too(self, log: EventLog, topic: str) -> None:
        group = self.group()
        log.append(topic, [entry("a", str(n)) for n in range(3)])
        first = log.consumer(group, [topic])
        first.commit(drain(first, 3))
        first.close()
        second = log.consumer(group, [topic])
        second.rewind()
        assert values(drain(second, 3)) == ["0", "1", "2"]
        second.close()

    def test_a_waiting_poll_wakes_when_something_is_appended(self, log: EventLog, topic: str) -> None:
        got: list[Delivered] = []
        waiting = threading.Event()

        def wait() -> None:
            consumer = log.consumer(self.group(), [topic])
            assert consumer.poll(1, 0.01) == []
            waiting.set()
            got.extend(drain(consumer, 1))
            consumer.close()

        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(PATIENCE_SECONDS)
        log.append(topic, [entry("a", "late")])
        thread.join(PATIENCE_SECONDS)
        assert values(got) == ["late"]

    def test_keys_lie_where_kafkas_partitioner_puts_them(self, log: EventLog) -> None:
        topic = self.created(log, partitions=4)
        keys = [f"instrument-{n:020d}" for n in range(50)]
        log.append(topic, [entry(key, "1") for key in keys])
        log.append(topic, [entry(key, "2") for key in keys])
        consumer = log.consumer(self.group(), [topic])
        got = drain(consumer, 100)
        assert {item.key: item.partition for item in got} == {
            key.encode(): partition_of(key.encode(), 4) for key in keys
        }
        for key in keys:
            assert values([item for item in got if item.key == key.encode()]) == ["1", "2"]
        for number in range(4):
            offsets = [item.offset for item in got if item.partition == number]
            assert offsets == list(range(log.end_offsets(topic)[number]))
        consumer.close()

    def test_one_consumer_reads_several_topics(self, log: EventLog) -> None:
        first, second = self.created(log), self.created(log, partitions=2)
        log.append(first, [entry("a", "first")])
        log.append(second, [entry("b", "second")])
        consumer = log.consumer(self.group(), [first, second])
        got = drain(consumer, 2)
        assert {item.topic: values([item]) for item in got} == {first: ["first"], second: ["second"]}
        consumer.commit(got)
        assert consumer.lag() == 0
        consumer.close()

    def test_producers_at_once_lose_nothing_and_keep_their_own_order(self, log: EventLog, topic: str) -> None:
        writers, appends = 4, 25

        def write(writer: int) -> None:
            for n in range(appends):
                log.append(topic, [entry(f"w{writer}", f"{n}a"), entry(f"w{writer}", f"{n}b")])

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        consumer = log.consumer(self.group(), [topic])
        got = drain(consumer, writers * appends * 2)
        for thread in threads:
            thread.join()
        assert [item.offset for item in got] == list(range(writers * appends * 2))
        for writer in range(writers):
            mine = values([item for item in got if item.key == f"w{writer}".encode()])
            assert mine == [f"{n}{part}" for n in range(appends) for part in "ab"]
        consumer.close()

    def test_an_unknown_topic_is_an_error(self, log: EventLog) -> None:
        with pytest.raises(UnknownTopic, match="no-such-topic"):
            log.append("no-such-topic", [entry("a")])
        with pytest.raises(UnknownTopic, match="no-such-topic"):
            log.consumer(self.group(), ["no-such-topic"])

    @needs("atomic-append")
    def test_an_entry_too_large_leaves_nothing_behind(self, log: EventLog, topic: str) -> None:
        with pytest.raises(TooLarge):
            log.append(topic, [entry("a", "small"), Entry(b"b", bytes(4 * 2**20))])
        assert dict(log.end_offsets(topic)) == {0: 0}

    def test_every_log_takes_entries_of_the_same_size(self, log: EventLog, topic: str) -> None:
        largest = ENTRY_BYTES_LIMIT - len(b"b" + b"name" + b"value")
        with pytest.raises(TooLarge):
            log.append(topic, [Entry(b"b", bytes(largest + 1), (("name", b"value"),))])
        log.append(topic, [Entry(b"b", bytes(largest), (("name", b"value"),))])
        consumer = log.consumer(self.group(), [topic])
        assert len(drain(consumer, 1)[0].value or b"") == largest
        consumer.close()

    def test_creating_topics_again_leaves_them_alone(self, log: EventLog) -> None:
        topic = self.created(log, partitions=2)
        log.append(topic, [entry("a")])
        wanted = Topic(topic, partitions=3, compacted=True)
        log.create_topics([wanted])
        assert sum(log.end_offsets(topic).values()) == 1
        assert len(log.end_offsets(topic)) == 2
        found = log.differences([wanted, Topic("never-created")])
        assert len(found) == 3
        assert any("partitions" in line for line in found)
        assert any("compacted" in line for line in found)
        assert any("never-created" in line for line in found)
        assert list(log.differences([Topic(topic, partitions=2)])) == []

    def test_a_member_goes_on_where_the_one_before_it_stopped(self, log: EventLog, topic: str) -> None:
        group = self.group()
        log.append(topic, [entry("a", str(n)) for n in range(4)])
        first, second = log.consumer(group, [topic]), log.consumer(group, [topic])
        got = drain(first, 4)
        first.commit(got[:3])
        first.close()
        assert values(drain(second, 1)) == ["3"]
        second.close()

    @needs("compaction-on-demand")
    def test_compaction_keeps_the_newest_of_each_key_at_its_offset(self, log: EventLog) -> None:
        topic = self.created(log, compacted=True)
        for n in range(3):
            log.append(topic, [entry("a", f"a{n}"), entry("b", f"b{n}"), entry(f"only-{n}", "once")])
        self.compact(log)
        log.append(topic, [entry("a", "a3")])
        self.compact(log)
        consumer = log.consumer(self.group(), [topic])
        got = drain(consumer, 5)
        assert [(item.offset, item.key.decode(), *values([item])) for item in got] == [
            (2, "only-0", "once"), (5, "only-1", "once"), (7, "b", "b2"), (8, "only-2", "once"), (9, "a", "a3"),
        ]  # fmt: skip
        assert consumer.poll(10, 0.01) == []
        consumer.commit(got)
        assert consumer.lag() == 0
        consumer.close()

    @needs("group-rebalancing")
    def test_members_share_the_partitions_of_a_group(self, log: EventLog) -> None:
        topic, group = self.created(log, partitions=4), self.group()
        one, other = log.consumer(group, [topic]), log.consumer(group, [topic])
        seen: dict[int, set[int]] = {0: set(), 1: set()}

        def are_shared() -> bool:
            log.append(topic, [entry(f"key-{i}") for i in range(20)])
            for index, member in enumerate((one, other)):
                got = member.poll(500, 0.5)
                seen[index] |= {item.partition for item in got}
                member.commit(got)
            return all(seen.values()) and len(seen[0] | seen[1]) == 4

        wait_until(are_shared)
        one.close()
        other.close()
