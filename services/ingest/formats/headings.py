"""Which field each column of a table is meant for, by any of the names that the field is known under."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from hub.kernel.problems import Problem, Refusal, quoted
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from schemas.fields import FieldSpec, by_path
from schemas.kind import Kind
from services.ingest.core.rows import ERROR_NAME, ID_NAMES, OPERATION_NAMES, RAW_NAME, VERSION_NAMES, Limits

_OWN_NAMES: Mapping[str, tuple[str, ...]] = {
    ID_NAMES[0]: (*ID_NAMES, "来源编号", "来源记录编号", "source record id", "source id"),
    VERSION_NAMES[0]: (*VERSION_NAMES, "版本", "来源版本", "version", "source version"),
    OPERATION_NAMES[0]: (*OPERATION_NAMES, "操作", "operation"),
    ERROR_NAME: (ERROR_NAME, "错误", "problems"),
    RAW_NAME: (RAW_NAME,),
}
_PROBLEMS_AT_ONCE = 20
_IGNORED = re.compile(r"[\s*']+")

Tier = Mapping[str, tuple[str, ...]]
Names = Sequence[Tier]
"""What a heading, made normal, may mean, tier by tier."""


def normal(heading: str) -> str:
    """The heading without differences of width, case and blanks, and without the star that marks a required field."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", heading)).casefold()


@lru_cache(maxsize=64)
def names_of(kind: Kind) -> tuple[Tier, ...]:
    """What headings may be called and the fields meant, in tiers: the first tier that knows a heading decides.

    Paths go before the names of the national list, those before full labels, the names of UNIQUIP, aliases and a
    member's label without its part's; what a row states about itself comes first by its reserved name and last by its
    everyday ones. Of two fields with one name in a tier the one nearer to the record's root is meant.
    """
    specs = _columns(kind)
    own = [(name, path) for path, names in _OWN_NAMES.items() for name in names]
    return (
        _tier((name, path) for name, path in own if name.startswith("_")),
        _tier((spec.path, spec.path) for spec in specs),
        _tier((spec.meta.crosswalk.nrii, spec.path) for spec in specs),
        _tier((label, spec.path) for spec in specs for label in _both(spec.label)),
        _tier((spec.meta.crosswalk.uniquip, spec.path) for spec in specs),
        _tier((alias, spec.path) for spec in specs for alias in spec.meta.aliases),
        _tier((label, spec.path) for spec in specs for label in _both(spec.meta.label)),
        _tier(own),
    )


@lru_cache(maxsize=64)
def names_in(kind: Kind, vocabulary: str) -> tuple[Tier, ...]:
    """The fields by their names in a vocabulary of schemas.annotations.Crosswalk alone, and the reserved names."""
    own = [(name, path) for path, names in _OWN_NAMES.items() for name in names if name.startswith("_")]
    named = ((str(getattr(spec.meta.crosswalk, vocabulary)), spec.path) for spec in _columns(kind))
    return (_tier(own), _tier(named))


def paths_of(headings: Sequence[str], row: int, names: Names, kind: Kind, limits: Limits) -> list[str]:
    """The path that each heading means; empty for a blank one. Refusal where one is unknown, ambiguous or repeated."""
    problems: list[Problem] = []
    if len(headings) > limits.columns:
        expected = bilingual("ingest.most-columns", limit=limits.columns)
        raise Refusal(Problem("too-many-columns", expected, str(len(headings)), row=row))
    paths: list[str] = []
    for heading in headings:
        meant = meant_by(heading, names)
        path = meant[0] if len(meant) == 1 else ""
        if normal(heading):
            if not meant:
                problems.append(
                    Problem("unknown-column", _closest(heading, kind, names), row=row, field=quoted(heading))
                )
            elif not path:
                problems.append(Problem("ambiguous-column", _either(meant, kind), row=row, field=quoted(heading)))
            elif path in paths:
                problems.append(_repeated(heading, headings[paths.index(path)], row))
        paths.append(path)
    if problems:
        raise Refusal(*problems[:_PROBLEMS_AT_ONCE])
    return paths


def meant_by(heading: str, names: Names) -> tuple[str, ...]:
    """The paths that the heading may mean: none, one, or several of equal right."""
    key = normal(heading)
    return next((tier[key] for tier in names if key in tier), ())


def _columns(kind: Kind) -> list[FieldSpec]:
    """The fields that a column can hold: a list is one cell, so that members of its items have none of their own."""
    specs = by_path(kind)
    lists = tuple(f"{path}." for path, spec in specs.items() if spec.multiple)
    return [spec for spec in specs.values() if not spec.path.startswith(lists)]


def _tier(named: Iterable[tuple[str, str]]) -> Tier:
    paths_by_name: dict[str, list[str]] = {}
    for name, path in named:
        paths = paths_by_name.setdefault(normal(name), [])
        if path not in paths:
            paths.append(path)
    paths_by_name.pop("", None)
    return {name: tuple(_nearest(paths)) for name, paths in paths_by_name.items()}


def _nearest(paths: list[str]) -> Iterator[str]:
    depth = min(path.count(".") for path in paths)
    return (path for path in paths if path.count(".") == depth)


def _both(label: Bilingual) -> tuple[str, str]:
    return (label.zh, label.en)


def _closest(heading: str, kind: Kind, names: Names) -> Bilingual:
    known = {name: paths[0] for tier in reversed(names) for name, paths in tier.items()}
    close = get_close_matches(normal(heading), known, n=1, cutoff=0.5)
    if not close:
        return bilingual("ingest.name-field-kind-see")
    path = known[close[0]]
    spec = by_path(kind).get(path)
    label = spec.label if spec else Bilingual(path, path)
    return bilingual("ingest.closest-field", label=label, path=path)


def _either(paths: Sequence[str], kind: Kind) -> Bilingual:
    labels = [by_path(kind)[path].label for path in paths]
    quoted = (Bilingual(f"“{label.zh}”", f"“{label.en}”") for label in labels)
    return bilingual("ingest.heading-tells-field", labels=bilingual("hub.and").join(quoted))


def _repeated(heading: str, first: str, row: int) -> Problem:
    expected = bilingual("ingest.repeated-column")
    return Problem("repeated-column", expected.format(first=quoted(first)), row=row, field=quoted(heading))
