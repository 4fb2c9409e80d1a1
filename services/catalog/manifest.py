"""The catalogue service: makes records searchable, and answers searches."""

from hub.auth.tokens import signing_key
from hub.ports.catalogue import Catalogue
from hub.runtime.manifest import (
    ACCESS,
    AUDIT,
    CATALOGUE,
    EVENT_LOG,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    Key,
    Manifest,
    Resources,
    Store,
)
from hub.sql.metadata import declared
from schemas.views.personal import PersonalReader
from services.catalog import tables
from services.catalog.adapters.sql_searches import SqlSavedSearches
from services.catalog.adapters.sqlite_catalogue import SqliteCatalogue
from services.catalog.api import router
from services.catalog.ports import SavedSearches
from services.catalog.service import CatalogueQueries, CatalogueSink

SAVED_SEARCHES = Key[SavedSearches]("searches")
SINK_BATCHES = 4
"""That one step of the sink may take where the catalogue is another process, which works while more documents are
made."""


def _catalogue(on: Resources) -> Catalogue:
    if on.settings.profile == "embedded":
        return SqliteCatalogue(on.settings.data_dir / "catalogue.db")
    from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue

    return ElasticsearchCatalogue(on.settings.elasticsearch_url)


def _sink(on: Resources) -> CatalogueSink:
    batches = 1 if on.settings.profile == "embedded" else SINK_BATCHES
    return CatalogueSink(on.get(EVENT_LOG), on.get(CATALOGUE), on.settings.batch_rows, batches)


MANIFEST = Manifest(
    role="catalog",
    tables=declared(tables),
    stores=(
        Store(CATALOGUE, _catalogue, lambda catalogue: catalogue.versions([NOBODY])),
        Store(SAVED_SEARCHES, lambda on: SqlSavedSearches(on.tables("searches")), lambda searches: searches.of(NOBODY)),
    ),
    needs=(RECORD_STORE, CATALOGUE, PERSONAL, AUDIT),
    uses=(ACCESS, EVENT_LOG, SAVED_SEARCHES),
    router=lambda on: router(
        CatalogueQueries(
            on.get(CATALOGUE),
            on.get(RECORD_STORE),
            on.sources,
            on.get(SAVED_SEARCHES),
            on.clock,
            PersonalReader(on.get(PERSONAL), on.get(AUDIT), on.clock),
            cursor_key=signing_key(on.settings.data_dir),
        )
    ),
    workers=lambda on: (_sink(on),),
)
