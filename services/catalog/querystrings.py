"""Searches as query strings, as links and saved searches keep them."""

from urllib.parse import parse_qsl, urlencode

from hub.kernel.problems import Refusal
from hub.ports.catalogue import Query
from services.catalog.core.parameters import PARAMETERS_LIMIT, too_many
from services.catalog.core.queries import canonical


def query_string(query: Query) -> str:
    """The canonical query string: equal for equal searches; empty for the search for everything."""
    return urlencode(canonical(query))


def parameters_of(query: str) -> list[tuple[str, str]]:
    """The parameters in a query string, with or without its `?`. Raises Refusal (400) where they are too many."""
    given = query.count("&") + 1
    if given > PARAMETERS_LIMIT:
        raise Refusal(too_many(given), status=400)
    return parse_qsl(query.lstrip("?"), keep_blank_values=True)
