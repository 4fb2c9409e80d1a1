"""The catalogue on Elasticsearch, held to its suite on a real server."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from services.catalog.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from tests.conformance.catalogue import CatalogueConformance

pytestmark = pytest.mark.conformance


class TestElasticsearchCatalogue(CatalogueConformance):
    adapter = "ElasticsearchCatalogue"
    capabilities = frozenset({"ties by id", "pinyin"})

    @pytest.fixture
    def opened(self, elasticsearch_url: str) -> Iterator[Callable[[], ElasticsearchCatalogue]]:
        made: dict[str, ElasticsearchCatalogue] = {}

        def open_it() -> ElasticsearchCatalogue:
            name = f"suite-{uuid4().hex[:10]}"
            made[name] = ElasticsearchCatalogue(elasticsearch_url, name)
            return made[name]

        yield open_it
        for name, catalogue in made.items():
            catalogue.close()
            found = httpx.get(f"{elasticsearch_url}/{name}-*/_alias").json()
            httpx.delete(f"{elasticsearch_url}/{','.join(found)}")

    @pytest.fixture
    def catalogue(self, opened: Callable[[], ElasticsearchCatalogue]) -> ElasticsearchCatalogue:
        return opened()
