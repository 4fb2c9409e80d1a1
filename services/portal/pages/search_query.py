"""The search that an address asks for, and the addresses of searches one step away from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

NAMES = ("q", "kind", "near", "within_km", "box", "sort", "cursor")
PREFIXES = ("f.", "from.", "to.")
PLACE = ("near", "within_km", "box")
SINGLE = ("q", "near", "within_km", "box", "sort", "cursor")
NEAR_KM = "50"
LONGEST = 100
"""Of parameters; those beyond are not passed on."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """The parameters of a search in the order given; what is no parameter of a search is left out."""

    pairs: Pairs

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, str]]) -> "SearchQuery":
        known = [(name, value.strip()) for name, value in parameters if name in NAMES or name.startswith(PREFIXES)]
        single = dict(known)
        kept = dict.fromkeys((name, single[name] if name in SINGLE else value) for name, value in known if value)
        return cls(tuple(kept)[:LONGEST])

    def first_of(self, name: str) -> str:
        return next((value for known, value in self.pairs if known == name), "")

    @property
    def q(self) -> str:
        return self.first_of("q")

    @property
    def box(self) -> str:
        return self.first_of("box")

    @property
    def cursor(self) -> str:
        return self.first_of("cursor")

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(value for name, value in self.pairs if name == "kind")

    @property
    def plain(self) -> bool:
        """Nothing is asked for yet: the entrance."""
        return not self.pairs

    @property
    def carried(self) -> Pairs:
        """What the form sends along unseen with new words."""
        return tuple(pair for pair in self.pairs if pair[0] not in ("q", "cursor", "sort"))

    @property
    def chosen(self) -> Pairs:
        """Filters, ranges and places: what the reader can take away one by one."""
        return tuple(pair for pair in self.pairs if pair[0].startswith(PREFIXES) or pair[0] in ("near", "box"))

    @property
    def first(self) -> str:
        """The address of the first page."""
        return address(self._without("cursor"))

    @property
    def cleared(self) -> str:
        """The same words and kind without filters and place."""
        return address(tuple(pair for pair in self.pairs if pair[0] in ("q", "kind")))

    @property
    def near_template(self) -> str:
        """The nearest first; {near} stands for latitude,longitude."""
        kept = self._without("cursor", "sort", *PLACE)
        return address((*kept, ("within_km", NEAR_KM), ("sort", "distance"))) + "&near={near}"

    @property
    def box_template(self) -> str:
        """In an area; {box} stands for south,west,north,east."""
        kept = self._placeless()
        return f"{address(kept)}{'&' if kept else '?'}box={{box}}"

    def toggled(self, name: str, value: str, instead: Iterable[str] = ()) -> str:
        """With the pair if it was absent, without it if it was there; the parameter's values `instead` go."""
        if name == "near":
            return address(self._placeless())
        pair = (name, value)
        kept = self._without("cursor")
        if pair in kept:
            return address(tuple(one for one in kept if one != pair))
        gone = {(name, other) for other in instead}
        return address((*(one for one in kept if one not in gone), pair))

    @property
    def unranged(self) -> Pairs:
        """What the form of the ranges sends along unseen."""
        return tuple(pair for pair in self._without("cursor") if not pair[0].startswith(("from.", "to.")))

    @property
    def text(self) -> str:
        """The search as a query string without its page."""
        return address(self._without("cursor")).partition("?")[2]

    def of_kind(self, kind: str) -> str:
        """The same words among one kind (all, where it is empty); filters belong to kinds and are dropped."""
        kept = tuple(pair for pair in self.pairs if pair[0] in ("q", *PLACE))
        return address((*kept, ("kind", kind)) if kind else kept)

    def page(self, cursor: str) -> str:
        return address((*self._without("cursor"), ("cursor", cursor)))

    def _placeless(self) -> Pairs:
        kept = self._without("cursor", *PLACE)
        return tuple(pair for pair in kept if pair != ("sort", "distance"))

    def _without(self, *names: str) -> Pairs:
        return tuple(pair for pair in self.pairs if pair[0] not in names)


def address(pairs: Pairs) -> str:
    return f"/?{urlencode(pairs)}" if pairs else "/"
