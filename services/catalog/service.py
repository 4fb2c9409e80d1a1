"""What the catalogue answers: kinds, searches, records as people may see them, and saved searches."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from hub.kernel.access import Principal
from hub.kernel.problems import Refusal, refusal
from hub.kernel.records import Record
from hub.kernel.sources import Sources
from hub.ports.catalogue import Catalogue, Page, Query
from hub.ports.clock import Clock, rfc3339
from hub.ports.records import RecordReader
from hub.text.language import Language
from schemas.http import catalog as contract
from schemas.http import records
from schemas.kind import Kind, kinds
from schemas.rights import NAMERS, acts_for, within_scope
from schemas.views.personal import PersonalReader
from schemas.views.visibility import readable
from services.catalog.core import cursor, menus, pages, paths, presentation, queries
from services.catalog.core.answers import Hit, SearchPage
from services.catalog.core.parameters import PARAMETERS_LIMIT, too_many
from services.catalog.core.paths import KIND
from services.catalog.core.queries import canonical
from services.catalog.ports import SEARCHES_LIMIT, SavedSearch, SavedSearches
from services.catalog.related import Links
from services.catalog.sink import CatalogueSink, check, rebuild


def query_string(query: Query) -> str:
    """The canonical query string: equal for equal searches; empty for the search for everything."""
    return urlencode(canonical(query))


def parameters_of(query: str) -> list[tuple[str, str]]:
    """The parameters in a query string, with or without its `?`. Raises Refusal (400) where they are too many."""
    given = query.count("&") + 1
    if given > PARAMETERS_LIMIT:
        raise Refusal(too_many(given), status=400)
    return parse_qsl(query.lstrip("?"), keep_blank_values=True)


__all__ = ["CatalogueQueries", "CatalogueSink", "check", "rebuild"]

VERSIONS_LIMIT = 50
PRICED = "hourly_rate.amount"
PAGING = ("cursor", "size", "facets", "highlight", "lang")
"""What a saved search leaves to each run of it."""
Parameters = Sequence[tuple[str, str]]


class CatalogueQueries:
    """Reads the catalogue for searches and the record store, which is the truth, for single records.

    `cursor_key` is the same in every process that answers searches.
    """

    def __init__(  # noqa: PLR0917 - the composition root's order
        self,
        catalogue: Catalogue,
        records: RecordReader,
        sources: Sources,
        searches: SavedSearches,
        clock: Clock,
        reader: PersonalReader,
        *,
        cursor_key: bytes,
    ) -> None:
        self._catalogue = catalogue
        self._records = records
        self._searches = searches
        self._clock = clock
        self._reader = reader
        self._cursor_key = cursor_key
        self._links = Links(catalogue)
        self._labels: dict[Language, pages.Labels] = {"zh": sources.labels("zh"), "en": sources.labels("en")}

    def kinds(self, language: Language, samples: int = 0) -> contract.Kinds:
        """Every kind, with its count of active records, its filters, its sort orders, and so many of its records."""
        counted = dict(self._catalogue.search(Query(size=1, facets=(KIND,))).facets.get(KIND, ()))
        views = (
            menus.kind_view(
                kind,
                counted.get(kind.name, 0),
                self._samples(kind, samples, language) if kind.name in counted else (),
                language,
            )
            for kind in kinds().values()
        )
        return contract.Kinds(kinds=tuple(views))

    def search(self, parameters: Parameters, language: Language) -> SearchPage:
        """One page of hits. Raises Refusal (400) for what cannot be searched by."""
        query = queries.parsed(parameters, language)
        page = self._page_of(query)
        return {
            "total": page.total,
            "hits": [presentation.hit_json(hit, language) for hit in page.hits],
            "facets": presentation.facets_json(page.facets, query, language),
            "next_cursor": cursor.sealed(page.next_cursor, self._cursor_key) if page.next_cursor else None,
            "sort": query.sort,
        }

    def suggest(self, parameters: Parameters, language: Language) -> contract.Suggestions:
        """Names that complete what was typed."""
        prefix, among, limit = queries.suggestion_of(parameters)
        found = self._catalogue.suggest(prefix, among, limit) if prefix else ()
        views = (presentation.suggestion_view(suggestion, language) for suggestion in found)
        return contract.Suggestions(suggestions=tuple(views))

    def record(self, record_id: str, caller: Principal, language: Language) -> records.Record:
        """One record with all that the caller may see of it. Raises Refusal (404)."""
        record = self._record(record_id)
        caller = within_scope(caller, record)
        record = self._reader.record(record, caller)
        urls = pages.urls_of(self._links.addresses(record))
        view = pages.record_view(record, readable(caller), language, self._labels[language], urls)
        return view.model_copy(update={"names_managers": view.bookable and acts_for(caller, record, NAMERS)})

    def history(self, record_id: str, caller: Principal, language: Language) -> records.History:
        """The newest VERSIONS_LIMIT versions and what each changed. Raises Refusal (404)."""
        versions = self._records.history(record_id, VERSIONS_LIMIT + 1)
        if not versions:
            raise _unknown(record_id)
        caller = within_scope(caller, next((version for version in versions if version.fields), versions[0]))
        versions = self._reader.records(versions, caller)
        return pages.history_view(versions, readable(caller), language, VERSIONS_LIMIT)

    def related(self, record_id: str, language: Language) -> records.Related:
        """Records that this one refers to, and records that refer to it. Raises Refusal (404)."""
        return self._links.related(self._record(record_id), language)

    def save(self, caller: Principal, name: str, query: str, language: Language) -> contract.SavedSearch:
        """Keep a search under its canonical query string. Raises Refusal: 400 for a bad query, 409 for too many."""
        canonical = query_string(queries.parsed(parameters_of(query), language))
        search = SavedSearch(uuid4().hex, caller.account, name, canonical, rfc3339(self._clock.now()))
        if self._searches.add(search) == "full":
            raise refusal("too-many-searches", "catalog.unknown-record", "", None, 409, SEARCHES_LIMIT=SEARCHES_LIMIT)
        return saved_view(search)

    def saved(self, caller: Principal) -> contract.SavedSearches:
        """The caller's searches, newest first."""
        return contract.SavedSearches(searches=tuple(map(saved_view, self._searches.of(_owners(caller)))))

    def saved_one(self, caller: Principal, search_id: str) -> contract.SavedSearch:
        """Raises Refusal (404)."""
        return saved_view(self._saved(caller, search_id))

    def forget(self, caller: Principal, search_id: str) -> None:
        """Raises Refusal (404)."""
        if not self._searches.remove(_owners(caller), search_id):
            raise _no_search(search_id)

    def results(self, caller: Principal, search_id: str, further: Parameters, language: Language) -> SearchPage:
        """Run a saved search; `further` may page through it, and nothing else. Raises Refusal (400, 404)."""
        search = self._saved(caller, search_id)
        queries.only(further, PAGING)
        return self.search([*parameters_of(search.query), *further], language)

    def _samples(self, kind: Kind, size: int, language: Language) -> list[Hit]:
        """Some of the kind's records, what can be booked first: it is looked for among those with a price an hour."""
        if not size:
            return []
        every = Query(kinds=(kind.name,), size=2 * size, language=language)
        hits: dict[str, Hit] = {}
        if PRICED in paths.ranges((kind.name,)):
            priced = self._hits(replace(every, ranges={PRICED: (0.0, None)}))
            hits = {hit["id"]: hit for hit in priced if hit["bookable"]}
        if len(hits) < size:
            hits |= {hit["id"]: hit for hit in self._hits(every)}
        return sorted(hits.values(), key=lambda hit: not hit["bookable"])[:size]

    def _hits(self, query: Query) -> list[Hit]:
        return [presentation.hit_json(hit, query.language) for hit in self._catalogue.search(query).hits]

    def _page_of(self, query: Query) -> Page:
        if query.cursor is not None:
            query = replace(query, cursor=cursor.opened(query.cursor, self._cursor_key))
        try:
            return self._catalogue.search(query)
        except Refusal as refusal:
            raise Refusal(*refusal.problems, status=400) from None

    def _record(self, record_id: str) -> Record:
        """The record of this id, or the one that it leads to where it stands for an identifier alone."""
        record = self._records.get([record_id]).get(record_id)
        if record is None and (leads_to := self._records.leads_to([record_id]).get(record_id)):
            record = self._records.get([leads_to]).get(leads_to)
        if record is None:
            raise _unknown(record_id)
        return record

    def _saved(self, caller: Principal, search_id: str) -> SavedSearch:
        found = self._searches.get(_owners(caller), search_id)
        if found is None:
            raise _no_search(search_id)
        return found


def _owners(caller: Principal) -> frozenset[str]:
    """Under what the caller's searches are kept."""
    return frozenset({caller.account, caller.formerly} - {""})


def saved_view(search: SavedSearch) -> contract.SavedSearch:
    """As the API returns it."""
    return contract.SavedSearch(id=search.id, name=search.name, query=search.query, created_at=search.created_at)


def _unknown(record_id: str) -> Refusal:
    return refusal("unknown-record", "catalog.unknown-record.id-record-exists", record_id, "id", 404)


def _no_search(search_id: str) -> Refusal:
    return refusal("unknown-search", "catalog.unknown-record.id-your-saved-searches", search_id, "id", 404)
