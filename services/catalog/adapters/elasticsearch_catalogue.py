"""The catalogue on Elasticsearch 9: an alias over the generation that serves, external versions, exact totals."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

import orjson

from hub.kernel.canonical import digest_of
from hub.ports.catalogue import Document, Hit, Page, Query, Rejected, Suggestion
from services.catalog.adapters.elasticsearch_documents import SHOWN, completing, hit
from services.catalog.adapters.elasticsearch_generations import Indices
from services.catalog.adapters.elasticsearch_search import ACTIVE, Search
from services.catalog.adapters.elasticsearch_server import Server
from services.catalog.adapters.elasticsearch_text import Clause, Matching, readings
from services.catalog.adapters.elasticsearch_writer import Writer
from services.catalog.core.completions import STARTS_LIMIT, completions, typed_key
from services.catalog.core.projection import digest_line

Refresh = Literal["each", "interval"]
Source = Mapping[str, Any]
Offer = tuple[int, int, str, str, str]
"""Place of the word that the typed begins at, length, text, record id and kind of a name."""
_AT_ONCE = 1_000
"""Documents of one read."""
_MORE_OFFERS = 4
"""Documents that are looked at for each name that is wanted, since several may have one name."""
_BY_PATH = ("facets", "numbers", "links")


class ElasticsearchCatalogue:
    """hub.ports.catalogue.Catalogue behind the alias `name`, for all threads of any number of processes.

    With `refresh="each"` what `apply` stored is visible to searches when it returns; with `"interval"` it is within
    a second, and loads cost the server less. Facets are counted exactly on one shard (`shards`). Raises
    elasticsearch.ApiError or elastic_transport.TransportError where the server stays away for longer than `patience`
    seconds (writes) or `read_patience` seconds (reads).
    """

    def __init__(
        self,
        url: str,
        name: str = "hub-records",
        *,
        refresh: Refresh = "each",
        shards: int = 1,
        patience: float = 120.0,
        read_patience: float = 10.0,
        request_seconds: float = 60.0,
    ) -> None:
        self._name = name
        self._server = Server(url, patience, read_patience, request_seconds)
        indices = Indices(self._server, name, shards)
        self._writer = Writer(self._server, indices, refresh == "each")
        indices.ensure()

    def apply(self, documents: Iterable[Document]) -> int:
        """See the port. Raises Rejected, once all others are stored, where the index will never take some."""
        outcome = self._writer.apply(documents)
        if outcome.refused:
            raise Rejected(outcome.refused)
        return outcome.newer

    def search(self, query: Query) -> Page:
        search = Search(query, self._known_paths)
        if not query.text.strip():
            return self._page(search, None)
        candidates = readings(query.text, self._counted)
        page = self._page(search, candidates[0])
        if page.total or len(candidates) == 1:
            return page
        counts = self._counted({str(at): matching.matched for at, matching in enumerate(candidates)})
        first = next((at for at in range(len(candidates)) if counts[str(at)]), 0)
        return self._page(search, candidates[first]) if first else page

    def suggest(self, prefix: str, kinds: tuple[str, ...] = (), limit: int = 10) -> Sequence[Suggestion]:
        key = typed_key(prefix)
        if not key or limit < 1:
            return []
        offers: list[Offer] = []
        distinct: dict[str, Suggestion] = {}
        for places in (range(1), range(1, STARTS_LIMIT)):
            offers += self._offers(key, places, kinds, _MORE_OFFERS * limit)
            for _, _, text, record_id, kind in sorted(offers):
                distinct.setdefault(text, Suggestion(text, record_id, kind))
            if len(distinct) >= limit:
                break
        return list(distinct.values())[:limit]

    def get(self, ids: Collection[str]) -> Mapping[str, Hit]:
        members = ",".join((*SHOWN, "status"))
        hits: dict[str, Hit] = {}
        for batch in _batches(ids):
            path = f"/{self._name}/_mget"
            answer = self._server.read("POST", path, {"ids": batch}, realtime="false", _source=members)
            found = [one["_source"] for one in answer["docs"] if one.get("found")]
            hits |= {source["id"]: hit(source) for source in found if source["status"] == "active"}
        return hits

    def linked(self, record_id: str, limit: int = 100) -> Sequence[tuple[str, Hit]]:
        """The first `limit` links are all in the first `limit` documents in the order of their first linking path."""
        linking = sorted(self._known_paths()["links"])
        if not linking or limit < 1:
            return []
        clauses = [
            {"constant_score": {"filter": {"term": {f"links.{path}": record_id}}, "boost": len(linking) - at}}
            for at, path in enumerate(linking)
        ]
        query = {"bool": {"filter": [ACTIVE], "must": [{"dis_max": {"queries": clauses}}]}}
        sort = [{"_score": "desc"}, {"id": "asc"}]
        body = {"size": min(limit, _AT_ONCE), "_source": [*SHOWN, "links"], "query": query, "sort": sort}
        sources: list[Source] = [one["_source"] for one in self._search(body)["hits"]["hits"]]
        found = [
            (path, source) for source in sources for path, targets in source["links"].items() if record_id in targets
        ]
        found.sort(key=lambda one: (one[0], one[1]["id"]))
        return [(path, hit(source)) for path, source in found[:limit]]

    def versions(self, ids: Collection[str]) -> Mapping[str, int]:
        """Of what searches see: a version that is told here is searchable. Costs a third of what `_mget` does."""
        body: dict[str, Any] = {"size": _AT_ONCE, "_source": False, "stored_fields": "_none_", "version": True}
        body |= {"docvalue_fields": ["id"], "track_total_hits": False}
        known: dict[str, int] = {}
        for batch in _batches(ids):
            found = self._search(body | {"query": {"terms": {"id": batch}}})["hits"]["hits"]
            known |= {one["fields"]["id"][0]: one["_version"] for one in found}
        return known

    def rebuild(self, documents: Iterable[Sequence[Document]]) -> int:
        """See the port. A rebuild that begins while another goes on takes its place; the other one fails."""
        return self._count({"match_all": {}}, self._writer.load(documents))

    def digest(self) -> str:
        return digest_of(
            digest_line(source["id"], source["kind"], source["status"], orjson.dumps(source["public"]))
            for source in self._scanned(["id", "kind", "status", "public"])
        )

    def count(self) -> int:
        return self._count(ACTIVE, self._name)

    def close(self) -> None:
        self._writer.close()
        self._server.close()

    def _page(self, search: Search, matching: Matching | None) -> Page:
        return search.page(self._search(search.body(matching)), matching)

    def _search(self, body: Mapping[str, Any]) -> Any:
        """All of the answer or an error: what one shard alone says would be counts that are wrong."""
        return self._server.read("POST", f"/{self._name}/_search", body, allow_partial_search_results="false")

    def _counted(self, queries: Mapping[str, Clause]) -> Mapping[str, int]:
        aggregated = {"counts": {"filters": {"filters": queries}}}
        answer = self._search({"size": 0, "track_total_hits": False, "aggs": aggregated})
        return {name: told["doc_count"] for name, told in answer["aggregations"]["counts"]["buckets"].items()}

    def _count(self, query: Clause, index: str) -> int:
        return int(self._server.read("POST", f"/{index}/_count", {"query": query})["count"])

    def _known_paths(self) -> Mapping[str, set[str]]:
        """The field paths that documents have, by role."""
        wanted = ",".join(f"{role}.*" for role in _BY_PATH)
        answer = self._server.read("GET", f"/{self._name}/_field_caps", fields=wanted, filter_path="fields.*.*.type")
        found: dict[str, set[str]] = {role: set() for role in _BY_PATH}
        for name in answer.get("fields", {}):
            role, _, path = name.partition(".")
            if path:
                found[role].add(path)
        return found

    def _scanned(self, members: Sequence[str]) -> Iterator[Source]:
        """Every stored document in the order of its id; bounded memory."""
        body: dict[str, Any] = {"size": _AT_ONCE, "_source": members, "sort": [{"id": "asc"}]}
        body |= {"query": {"match_all": {}}, "track_total_hits": False}
        while found := self._search(body)["hits"]["hits"]:
            yield from (one["_source"] for one in found)
            body["search_after"] = found[-1]["sort"]

    def _offers(self, key: str, places: Iterable[int], kinds: Sequence[str], size: int) -> Iterator[Offer]:
        """Names that the key completes to from one of these words on, of the documents with the shortest names."""
        begun = [{"prefix": {"completes": completing(place, key)}} for place in places]
        asked: list[Clause] = [{"bool": {"should": begun}}]
        if kinds:
            asked.append({"terms": {"kind": list(kinds)}})
        body = {"size": size, "_source": ["id", "kind", "shown"], "query": {"bool": {"filter": asked}}}
        body |= {
            "sort": [{"length": "asc"}, {"id": "asc"}],
            "collapse": {"field": "title_key"},
            "track_total_hits": False,
        }
        for found in self._search(body)["hits"]["hits"]:
            source = found["_source"]
            for text in source["shown"]:
                place = min((place for place, full in completions(text) if full.startswith(key)), default=None)
                if place is not None:
                    yield place, len(text), text, source["id"], source["kind"]


def _batches(ids: Collection[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
