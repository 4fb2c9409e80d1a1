"""The catalogue: everything public about every record, searchable. A projection that can be rebuilt at any time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.kernel.records import Status
from hub.text.language import Language

PAGE_LIMIT = 100
FACET_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Document:
    """What the catalogue keeps of a record: only its public part.

    `title`, `body`, `pinyin` are terms joined by blanks (hub.kernel.terms); `facets` hold exact values by field path;
    `numbers` hold numbers and, for dates, days since 1970, by field path; `geo` is (latitude, longitude) in WGS 84
    degrees; `suggest` are the names to complete; `links` maps a field path to the ids of the records it refers to;
    `public` is the public JSON of the record. A withdrawn document has only id, kind, version, status, updated_at.
    """

    id: str
    kind: str
    version: int
    status: Status
    updated_at: str
    title: str = ""
    body: str = ""
    pinyin: str = ""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    geo: tuple[float, float] | None = None
    suggest: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    public: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Near:
    """Within `km` kilometres of a point in WGS 84 degrees."""

    lat: float
    lon: float
    km: float


@dataclass(frozen=True, slots=True)
class Box:
    """Between two corners in WGS 84 degrees; `west` > `east` crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Query:
    """A checked search.

    `filters`: any of the values within a path, all of the paths; `ranges`: inclusive, None is open.

    `sort` is `relevance`, `updated`, `title`, `distance` (needs `near`) or a number path, `-` in front for descending.
    `size` is at most PAGE_LIMIT; `cursor` is the opaque `next_cursor` of the page before.
    """

    text: str = ""
    kinds: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    near: Near | None = None
    box: Box | None = None
    sort: str = "relevance"
    size: int = 20
    cursor: str | None = None
    facets: tuple[str, ...] = ()
    highlight: bool = False
    language: Language = "zh"


@dataclass(frozen=True, slots=True)
class Hit:
    """One found record. `highlights` maps a public field to its text with <mark> around matches, HTML-escaped."""

    id: str
    kind: str
    version: int
    updated_at: str
    public: Mapping[str, Any]
    score: float = 0.0
    distance_km: float | None = None
    highlights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits. `facets` maps a path to (value, count), most frequent first, at most FACET_LIMIT each.

    Counts of a facet ignore the filter on that facet itself, so that its other values stay choosable.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that completes what was typed."""

    text: str
    id: str
    kind: str


class Rejected(Exception):
    """The catalogue will never take some documents, however often they are sent; all others of the batch are stored.

    `reasons`: for each rejected id one sentence in English for operators.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(f"{len(reasons)} documents are rejected, such as {next(iter(reasons.items()), None)}")
        self.reasons = reasons


class Catalogue(Protocol):
    """Applies documents and finds them."""

    def apply(self, documents: Iterable[Document]) -> int:
        """Store each document whose version is newer than the stored one (external version); repeats are success.

        Returns how many were newer. Durable and visible to `search` when it returns. Raises Rejected. Documents are
        taken one after the other, once, so that they may be made while those before them are on their way.
        """

    def search(self, query: Query) -> Page:
        """Raises hub.kernel.problems.Refusal for an unknown path, sort or cursor."""

    def suggest(self, prefix: str, kinds: tuple[str, ...] = (), limit: int = 10) -> Sequence[Suggestion]:
        """Completions by Chinese, English, full pinyin or pinyin initials."""

    def get(self, ids: Collection[str]) -> Mapping[str, Hit]:
        """The active documents among these ids."""

    def linked(self, record_id: str, limit: int = 100) -> Sequence[tuple[str, Hit]]:
        """(field path, document) of each active document that refers to this record."""

    def versions(self, ids: Collection[str]) -> Mapping[str, int]:
        """The stored version of each known id, withdrawn ones included."""

    def rebuild(self, documents: Iterable[Sequence[Document]]) -> int:
        """Load a new generation beside the old one and swap; searches are served throughout. Returns the count.

        Documents applied meanwhile are in the new generation too.
        """

    def digest(self) -> str:
        """Digest of the public content of every stored document.

        Equal to the digest that services.catalog.core computes of the same records.
        """

    def count(self) -> int:
        """Active documents."""

    def close(self) -> None: ...
