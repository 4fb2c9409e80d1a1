"""Stand-ins for the servers, which fail where they are told to: an index over HTTP, a log with groups, any store."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from hub.kernel.entries import Delivered, Entry
from hub.log.partitioner import partition_of
from hub.ports.eventlog import Fenced, Topic


class StubElasticsearch:
    """As much of Elasticsearch as the catalogue's sink and its digest ask for; a `faulty_elasticsearch.Upstream`.

    What was written is seen by searches once the index has been refreshed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aliases: dict[str, dict[str, Any]] = {}
        self._stored: dict[str, dict[str, tuple[int, Any]]] = {}
        self._seen: dict[str, dict[str, tuple[int, Any]]] = {}

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked = urlsplit(path)
        index, _, action = asked.path.strip("/").partition("/")
        with self._lock:
            if method == "PUT":
                status, answer = self._created(index, orjson.loads(body))
            elif action == "_alias":
                status, answer = 200, {name: {"aliases": aliases} for name, aliases in self._aliases.items()}
            else:
                status, answer = 200, self._answered(self._behind(index), action, body)
                if parse_qs(asked.query).get("refresh") == ["true"]:
                    self._answered(self._behind(index), "_refresh", b"")
        return status, orjson.dumps(answer)

    def _created(self, index: str, wanted: Mapping[str, Any]) -> tuple[int, Any]:
        if index in self._aliases:
            return 400, {"error": {"type": "resource_already_exists_exception"}, "status": 400}
        self._aliases[index] = dict(wanted["aliases"])
        self._stored[index], self._seen[index] = {}, {}
        return 200, {"acknowledged": True}

    def _behind(self, name: str) -> str:
        return next(index for index, aliases in self._aliases.items() if name == index or name in aliases)

    def _answered(self, index: str, action: str, body: bytes) -> Any:
        if action == "_bulk":
            lines = [orjson.loads(line) for line in body.splitlines()]
            items = [self._written(index, lines[at]["index"], lines[at + 1]) for at in range(0, len(lines), 2)]
            return {"errors": any("error" in item["index"] for item in items), "items": items}
        if action == "_refresh":
            self._seen[index] = dict(self._stored[index])
            return {}
        asked = orjson.loads(body)
        if action == "_count":
            return {"count": sum(source["status"] == "active" for _, source in self._seen[index].values())}
        return {"hits": {"hits": self._found(self._seen[index], asked)}}

    def _written(self, index: str, said: Mapping[str, Any], source: Any) -> Any:
        stored = self._stored[index]
        if said["_id"] in stored and stored[said["_id"]][0] >= said["version"]:
            return {"index": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "old"}}}
        stored[said["_id"]] = (said["version"], source)
        return {"index": {"status": 201}}

    @staticmethod
    def _found(seen: Mapping[str, tuple[int, Any]], asked: Mapping[str, Any]) -> list[Any]:
        wanted = asked["query"].get("terms", {}).get("id", sorted(seen))
        behind = asked.get("search_after", [""])[0]
        ids = [one for one in wanted if one in seen and one > behind][: asked["size"]]
        return [
            {"_source": seen[one][1], "_version": seen[one][0], "fields": {"id": [one]}, "sort": [one]} for one in ids
        ]


class StubLog:
    """hub.ports.eventlog.EventLog in memory, for one thread: partitions, groups, and members that come and go.

    `fails(topic)` says of an append whether it raises OSError, and after how large a share of its entries.
    """

    def __init__(self, topics: Iterable[Topic], fails: Callable[[str], float | None]) -> None:
        self._fails = fails
        self.entries: dict[tuple[str, int], list[Delivered]] = {
            (topic.name, number): [] for topic in topics for number in range(topic.partitions)
        }
        self.groups: dict[str, Group] = {}

    def append(self, topic: str, entries: Sequence[Entry]) -> None:
        """See the port."""
        share = self._fails(topic)
        passed = entries if share is None else entries[: round(share * len(entries))]
        parts = [part for part in self.entries if part[0] == topic]
        for entry in passed:
            part = parts[partition_of(entry.key, len(parts))]
            kept = self.entries[part]
            kept.append(Delivered(*part, len(kept), entry.key, entry.value, entry.headers))
        if share is not None:
            raise OSError("the broker did not answer")

    def consumer(self, group: str, topics: Sequence[str]) -> "Member":
        """See the port."""
        return Member(self.groups.setdefault(group, Group(self.entries)), topics)


class Group:
    """The positions of a group, and which member has which partition."""

    def __init__(self, entries: Mapping[tuple[str, int], list[Delivered]]) -> None:
        self.entries = entries
        self.committed: dict[tuple[str, int], int] = {}
        self.members: list[Member] = []

    def change(self, joins: "Member | None" = None, leaves: "Member | None" = None) -> None:
        """Give the partitions out anew; every member goes on at what is committed."""
        self.members = [member for member in self.members if member is not leaves] + ([joins] if joins else [])
        for member in self.members:
            member.positions = {}
        for at, part in enumerate(part for part in self.entries if self.members and part[0] in self.members[0].topics):
            self.members[at % len(self.members)].positions[part] = self.committed.get(part, 0)
        if leaves:
            leaves.positions = {}


class Member:
    """hub.ports.eventlog.Consumer."""

    def __init__(self, group: Group, topics: Sequence[str]) -> None:
        self.group = group
        self.topics = topics
        self.positions: dict[tuple[str, int], int] = {}

    def poll(self, limit: int, timeout: float) -> list[Delivered]:
        """See the port."""
        del timeout
        if self not in self.group.members:
            self.group.change(joins=self)
        found: list[Delivered] = []
        for part, position in self.positions.items():
            found += self.group.entries[part][position : position + limit - len(found)]
        for entry in found:
            self.positions[entry.topic, entry.partition] = entry.offset + 1
        return found

    def commit(self, done: Iterable[Delivered]) -> None:
        """See the port."""
        reached = {(entry.topic, entry.partition): entry.offset + 1 for entry in done}
        if not set(reached) <= set(self.positions):
            raise Fenced("the group has given these partitions to another member")
        self.group.committed |= reached

    def lag(self) -> int:
        """See the port."""
        parts = [part for part in self.group.entries if part[0] in self.topics]
        return sum(len(self.group.entries[part]) - self.group.committed.get(part, 0) for part in parts)

    def close(self) -> None:
        """See the port."""
        self.group.change(leaves=self)


class Killed(BaseException):
    """The process ends here, as after kill -9: nothing of it may run any more."""


class Fate:
    """Decides at each call of a store or server whether the caller is killed or the call fails: before or after it."""

    def __init__(self, chance: random.Random, kills: float, failures: float) -> None:
        self._chance = chance
        self.kills, self.failures = kills, failures

    def strike(self) -> None:
        """Raises Killed or OSError, or neither."""
        drawn = self._chance.random()
        if drawn < self.kills + self.failures:
            raise Killed if drawn < self.kills else OSError("the server went away")

    def rest(self) -> None:
        """From now on nothing fails."""
        self.kills = self.failures = 0.0


class Unreliable:
    """Another object, whose methods fail as `fate` says."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "batch":
            return self._batch
        if name.startswith("_") or not callable(found):
            return found

        def called(*given: Any, **named: Any) -> Any:
            self._fate.strike()
            answer = found(*given, **named)
            self._fate.strike()
            return answer

        return called

    @contextmanager
    def _batch(self) -> Iterator[Any]:
        """A transaction that fails before its commit, or whose commit is not heard of."""
        with self._inner.batch() as unit:
            yield unit
            self._fate.strike()
        self._fate.strike()
