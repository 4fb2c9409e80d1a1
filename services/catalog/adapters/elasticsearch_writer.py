"""Writing to every generation that there is, and loading a new one."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice

from elastic_transport import TransportError
from elasticsearch import ApiError, NotFoundError

from hub.ports.catalogue import Document
from services.catalog.adapters.elasticsearch_bulk import IN_FLIGHT, Bulk, Outcome
from services.catalog.adapters.elasticsearch_generations import Indices
from services.catalog.adapters.elasticsearch_server import Server

log = logging.getLogger("hub.catalogue")
FEW = 250
"""Documents up to which their one request makes them visible by itself."""


class Writer:
    """Applies documents from many threads at once; `refresh` makes each apply visible to searches by itself."""

    def __init__(self, server: Server, indices: Indices, refresh: bool) -> None:
        self._server = server
        self._indices = indices
        self._refresh = refresh
        self._bulk = Bulk(server)

    def apply(self, documents: Iterable[Document]) -> Outcome:
        """Write to every generation, until a look finds none that lacks the documents: one may begin, or begin to
        serve, while they are being written to another. So all of them have to be made visible."""
        outcomes: dict[str, Outcome] = {}
        coming = iter(documents)
        kept = list(islice(coming, FEW + 1))
        at_once = self._refresh and len(kept) <= FEW
        while kept:
            now = self._indices.generations()
            lacking = [index for index in now.written if index not in outcomes]
            if now.serving is None:
                self._indices.ensure()
            elif not lacking:
                break
            else:
                outcomes |= self._sent(_all(kept, coming), lacking, at_once)
                self._make_visible(() if at_once else lacking)
        first = next((one for one in outcomes.values() if not one.gone), Outcome())
        refused = {record_id: reason for one in outcomes.values() for record_id, reason in one.refused.items()}
        return Outcome(first.newer, refused)

    def load(self, documents: Iterable[Sequence[Document]]) -> str:
        """Fill a new generation and let it serve; its index. Documents that it refuses are left out, and told in the
        log."""
        index = self._indices.begin()
        refused: dict[str, str] = {}
        try:
            self._fill(index, documents, refused)
        except BaseException:
            with suppress(ApiError, TransportError):
                self._server.once("DELETE", f"/{index}")
            raise
        for record_id, reason in refused.items():
            log.warning("%s is not in the catalogue: %s", record_id, reason)
        self._indices.finish(index)
        return index

    def close(self) -> None:
        self._bulk.close()

    def _make_visible(self, indices: Sequence[str]) -> None:
        for index in indices if self._refresh else ():
            with suppress(NotFoundError):
                self._server.write("POST", f"/{index}/_refresh")

    def _sent(self, documents: Iterable[Document], indices: Sequence[str], refresh: bool) -> dict[str, Outcome]:
        outcomes = {index: Outcome() for index in indices}
        refused: dict[str, str] = {}
        sent = [
            (index, self._bulk.submit(index, chunk, refresh))
            for chunk in self._bulk.spread(documents, refused)
            for index in indices
        ]
        for index, future in sent:
            outcomes[index].add(future.result())
        for outcome in outcomes.values():
            outcome.refused |= refused
        return outcomes

    def _fill(self, index: str, documents: Iterable[Sequence[Document]], refused: dict[str, str]) -> None:
        """A few requests are under way at any time, so that memory stays bounded."""
        under_way: deque[Future[Outcome]] = deque()

        def settle(left: int) -> None:
            while len(under_way) > left:
                outcome = under_way.popleft().result()
                refused.update(outcome.refused)
                if outcome.gone:
                    raise Superseded(f"{index} was dropped while it was being filled")

        for batch in documents:
            for chunk in self._bulk.spread(batch, refused):
                under_way.append(self._bulk.submit(index, chunk))
                settle(IN_FLIGHT)
        settle(0)


def _all(kept: list[Document], coming: Iterator[Document]) -> Iterator[Document]:
    """Those kept, then those that are still coming, which are kept too: another generation may want them later."""
    yield from tuple(kept)
    for document in coming:
        kept.append(document)
        yield document


class Superseded(RuntimeError):
    """Another rebuild has begun and taken the place of this one."""
