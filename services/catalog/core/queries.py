"""Reading the parameters of a search into a Query, and writing a Query back as a query string."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from hub.kernel.problems import Problem, Refusal, expecting, quoted
from hub.ports.catalogue import PAGE_LIMIT, Near, Query
from hub.text.language import Bilingual, Language
from hub.text.messages import bilingual
from schemas import cells
from schemas.codes import code_list
from schemas.codes.divisions import division_named
from schemas.fields import FieldSpec
from schemas.kind import kinds
from services.catalog.core import parameters as reading
from services.catalog.core import paths
from services.catalog.core.menus import default_facets
from services.catalog.core.parameters import QueryParameters, Wrong, closest, unknown_parameter
from services.catalog.core.presentation import specs_at

PARAMETERS = ("q", "kind", "near", "within_km", "box", "sort", "size", "cursor", "facets", "highlight", "lang")
PREFIXED = ("f.", "from.", "to.")
SUGGESTIONS_LIMIT = 20
FACETS_LIMIT = 20
DEFAULT_SIZE = 20
DEFAULT_KM = 50.0
AUTO = "auto"
"""As the value of `facets`: those that tell most about the kinds request for."""

_A_KIND = bilingual("catalog.a-kind")
_A_FILTER = bilingual("catalog.a-filter")
_A_RANGE = bilingual("catalog.a-range")
_A_FACET = bilingual("catalog.a-facet")
_A_SORT = bilingual("catalog.a-sort")
_NEEDS_NEAR = bilingual("catalog.needs-near")


def parsed(parameters: Iterable[tuple[str, str]], language: Language) -> Query:
    """The search that the parameters ask for.

    Raises Refusal (400) with a problem for each parameter that is unknown or cannot be read.
    """
    request = QueryParameters(parameters)
    among = _kinds(request)
    near = reading.near(request, DEFAULT_KM)
    query = Query(
        text=request.read("q", reading.text) or "",
        kinds=among,
        filters=dict(_filters(request, among)),
        ranges=dict(_ranges(request, among)),
        near=near,
        box=request.read("box", reading.box),
        sort=request.read("sort", lambda given: _sort(given, among, near)) or "relevance",
        size=request.read("size", reading.whole(PAGE_LIMIT)) or DEFAULT_SIZE,
        cursor=request.single("cursor"),
        facets=_facets(request, among),
        highlight=request.read("highlight", reading.flag) or False,
        language=language,
    )
    for name in request.values:
        if name not in PARAMETERS and not name.startswith(PREFIXED):
            request.problems.append(unknown_parameter(name, (*PARAMETERS, *(f"{prefix}<path>" for prefix in PREFIXED))))
    request.settle()
    return query


def only(parameters: Iterable[tuple[str, str]], allowed: Sequence[str]) -> None:
    """Raises Refusal (400) where a parameter is none of these."""
    unknown = [unknown_parameter(name, allowed) for name, _ in parameters if name not in allowed]
    if unknown:
        raise Refusal(*unknown, status=400)


def suggestion_of(parameters: Sequence[tuple[str, str]]) -> tuple[str, tuple[str, ...], int]:
    """What was typed, the kinds to complete among, and how many completions are wanted. Raises Refusal (400)."""
    only(parameters, ("q", "kind", "limit", "lang"))
    request = QueryParameters(parameters)
    among = _kinds(request)
    typed = request.read("q", reading.text) or ""
    limit = request.read("limit", reading.whole(SUGGESTIONS_LIMIT)) or 10
    request.settle()
    return typed, among, limit


def canonical(query: Query) -> list[tuple[str, str]]:
    """The search as parameters in one order: equal for equal searches.

    Page, facets and highlights are left out: they are no part of what is searched for.
    """
    pairs: list[tuple[str, str]] = [("q", query.text)] if query.text else []
    pairs += [("kind", kind) for kind in sorted(query.kinds)]
    pairs += [(f"f.{path}", value) for path in sorted(query.filters) for value in sorted(query.filters[path])]
    for path in sorted(query.ranges):
        write = reading.day_text if _is_date(path, query.kinds) else _plain
        named = zip(("from", "to"), query.ranges[path], strict=True)
        pairs += [(f"{name}.{path}", write(value)) for name, value in named if value is not None]
    if query.near:
        pairs += [("near", _joined(query.near.lat, query.near.lon)), ("within_km", _plain(query.near.km))]
    if query.box:
        pairs.append(("box", _joined(query.box.south, query.box.west, query.box.north, query.box.east)))
    if query.sort != "relevance":
        pairs.append(("sort", query.sort))
    return pairs


def _kinds(request: QueryParameters) -> tuple[str, ...]:
    known = kinds()

    def kind(given: str) -> str:
        if given not in known:
            raise Wrong(closest(given, known, _A_KIND))
        return given

    names = ("kind", f"f.{paths.KIND}")
    found = [request.value(name, given, kind) for name in names for given in request.values.get(name, [])]
    return tuple(dict.fromkeys(name for name in found if name))


def _filters(request: QueryParameters, among: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, given in request.values.items():
        if not name.startswith("f.") or name == f"f.{paths.KIND}":
            continue
        path = name[2:]
        if (problem := _not_among(path, paths.filters(among), _A_FILTER, name)) is not None:
            request.problems.append(problem)
            continue
        read = _exact(list(specs_at(path, among)))
        values = (request.value(name, text, read) for text in given)
        yield path, tuple(dict.fromkeys(value for value in values if value))


def _exact(specs: Sequence[FieldSpec]) -> Callable[[str], str]:
    """A reader of an exact value: a code by its label too, a division by its path, yes and no in both languages."""

    def read(given: str) -> str:
        for spec in specs:
            if spec.type == "boolean":
                try:
                    return "true" if cells.boolean(given) else "false"
                except ValueError:
                    raise Wrong(bilingual("catalog.true-false")) from None
            codes = spec.meta.codes
            found = division_named(given) if codes == "division" else codes and code_list(codes).code_for(given)
            if found:
                return found
        choices = [choice for spec in specs for choice in spec.choices]
        if all(spec.choices for spec in specs) and given not in choices:
            raise Wrong(closest(given, choices, bilingual("catalog.code-field-label")))
        return given

    return read


def _ranges(request: QueryParameters, among: Sequence[str]) -> Iterator[tuple[str, tuple[float | None, float | None]]]:
    named = [name for name in request.values if name.startswith(("from.", "to."))]
    for path in dict.fromkeys(name.partition(".")[2] for name in named):
        first = next(name for name in named if name.partition(".")[2] == path)
        if (problem := _not_among(path, paths.ranges(among), _A_RANGE, first)) is not None:
            request.problems.append(problem)
            continue
        dated = _is_date(path, among)
        low = request.read(f"from.{path}", reading.first_day if dated else reading.number)
        high = request.read(f"to.{path}", reading.last_day if dated else reading.number)
        if low is not None and high is not None and low > high:
            request.problems.append(
                expecting(
                    "bad-parameter", "catalog.bad-parameter", request.single(f"to.{path}"), f"to.{path}", path=path
                )
            )
        yield path, (low, high)


def _is_date(path: str, among: Iterable[str]) -> bool:
    return any(spec.meta.search == "date" for spec in specs_at(path, among))


def _sort(given: str, among: Sequence[str], near: Near | None) -> str:
    allowed = paths.sorts(among)
    if given.removeprefix("-") not in allowed or given == "-relevance":
        raise Wrong(closest(given, allowed, _A_SORT))
    if given.removeprefix("-") == "distance" and near is None:
        raise Wrong(_NEEDS_NEAR)
    return given


def _facets(request: QueryParameters, among: Sequence[str]) -> tuple[str, ...]:
    given = [path.strip() for text in request.values.get("facets", []) for path in text.split(",") if path.strip()]
    if not given:
        return ()
    allowed = paths.facets(among)
    facets: dict[str, None] = {}
    for path in given:
        if path == AUTO:
            facets |= dict.fromkeys(default_facets(among))
        elif (problem := _not_among(path, allowed, _A_FACET, "facets")) is not None:
            request.problems.append(problem)
        else:
            facets[path] = None
    return tuple(facets)[:FACETS_LIMIT]


def _not_among(path: str, allowed: Iterable[str], of: Bilingual, name: str) -> Problem | None:
    known = list(allowed)
    return None if path in known else Problem("unknown-path", closest(path, known, of), quoted(path), name)


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _joined(*values: float) -> str:
    return ",".join(_plain(value) for value in values)
