"""The indices behind the catalogue's alias: one serves, and while the catalogue is rebuilt another one grows.

Index `<name>-000007` is generation 7. It is written to through an alias of its own, `<name>-000007-writing`, which it
has from its creation until another generation takes its place. Every writer looks these aliases up before it writes
and writes to each of them, so that writers in any process take part in a rebuild from its first moment on. A writer
that looked before that moment writes only what was in the record store by then, which the rebuild will read. Requests
name the alias and demand that it is one: so none of them brings an index back that has been dropped.
"""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, BadRequestError, NotFoundError

from schemas.derive.mapping import index_mapping
from schemas.kind import kinds
from services.catalog.adapters.elasticsearch_server import Server, error_type

REFRESH_INTERVAL = "1s"
_LINGER_SECONDS = 0.2
"""How long a generation outlives its service, for searches that found it before."""
_SERVING = {
    "refresh_interval": REFRESH_INTERVAL,
    "auto_expand_replicas": "0-1",
    "translog.durability": "request",
}
_GROWING = {
    "refresh_interval": "-1",
    "auto_expand_replicas": "false",
    "number_of_replicas": 0,
    "translog.durability": "request",
}


@dataclass(frozen=True, slots=True)
class Generations:
    """The index that serves, None before the first; all indices that are written to; all there are, in order."""

    serving: str | None
    written: tuple[str, ...]
    all: tuple[str, ...]


class Indices:
    """Creates, swaps and drops the generations of one catalogue."""

    def __init__(self, server: Server, name: str, shards: int = 1) -> None:
        self._server = server
        self._name = name
        self._shards = shards
        self._numbered = re.compile(rf"{re.escape(name)}-(\d{{6}})")

    def generations(self) -> Generations:
        """What there is now."""
        found: dict[str, Any] = self._server.write("GET", f"/{self._name}-*/_alias")
        known = {index: about["aliases"] for index, about in found.items() if self._numbered.fullmatch(index)}
        serving = next((index for index, aliases in known.items() if self._name in aliases), None)
        written = tuple(sorted(index for index, aliases in known.items() if writing(index) in aliases))
        return Generations(serving, written, tuple(sorted(known)))

    def ensure(self) -> None:
        """Create the first generation where there is none."""
        if self.generations().serving is None:
            self._create(1, _SERVING, [self._name])

    def begin(self) -> str:
        """A new generation beside the serving one, empty; what an earlier rebuild left unfinished is dropped."""
        now = self.generations()
        self.drop(index for index in now.all if index != now.serving)
        highest = int(now.all[-1].rpartition("-")[2]) if now.all else 0
        return self._create(highest + 1, _GROWING, [])

    def finish(self, index: str) -> None:
        """Let this generation serve in place of the one before, at one instant; durable and visible by then."""
        self._server.write("PUT", f"/{index}/_settings", {"index": _SERVING})
        self._server.write("POST", f"/{index}/_flush")
        self._server.write("POST", f"/{index}/_refresh")
        before = [one for one in self.generations().all if one != index]
        actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": self._name}}]
        for one in before:
            actions += [
                {"remove": {"index": one, "alias": self._name, "must_exist": False}},
                {"remove": {"index": one, "alias": writing(one), "must_exist": False}},
            ]
        self._server.write("POST", "/_aliases", {"actions": actions})
        time.sleep(_LINGER_SECONDS)
        self.drop(before)

    def drop(self, indices: Iterable[str]) -> None:
        """Drop these generations, where they are still there."""
        for index in indices:
            with suppress(NotFoundError):
                self._server.write("DELETE", f"/{index}")

    def _create(self, number: int, settings: dict[str, Any], aliases: list[str]) -> str:
        """A creation whose answer was lost is found done when it is repeated."""
        index = f"{self._name}-{number:06d}"
        body = index_mapping(kinds().values())
        own = {"number_of_shards": self._shards, **settings}
        body["settings"] = {**body["settings"], "index": {**body["settings"]["index"], **own}}
        body["aliases"] = {alias: {} for alias in (*aliases, writing(index))}
        try:
            self._server.write("PUT", f"/{index}", body)
        except BadRequestError as error:
            if error_type(error) != "resource_already_exists_exception":
                raise
        return index


def writing(index: str) -> str:
    """The alias through which the index is written to."""
    return f"{index}-writing"


def is_gone(error: ApiError) -> bool:
    """Whether a request failed because its generation has been dropped."""
    return isinstance(error, NotFoundError) and error_type(error) == "index_not_found_exception"
