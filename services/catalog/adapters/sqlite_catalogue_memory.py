"""What is held in memory of one generation: filters, counts, orders and places, kept in step with the tables."""

from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from hub.ports.catalogue import Box
from services.catalog.adapters.sqlite_catalogue_facets import Facet
from services.catalog.adapters.sqlite_catalogue_geo import Grid
from services.catalog.adapters.sqlite_catalogue_orders import Item, Key, Order
from services.catalog.adapters.sqlite_catalogue_tables import Entry
from services.catalog.core.paths import KIND

STATIC, UPDATED, TITLE, LAT, LON = "length", "updated", "title", "\0lat", "\0lon"
"""Orders besides those of number paths; `length` puts shorter names first among equally relevant documents."""
_NONE = Order()


class Memory:
    """Everything that a search asks of documents, besides their terms and what is shown of them.

    Rows are never reused: a newer version of a document has a new row, and its old row leaves `live`.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.live = BitMap()
        self.ids: dict[int, str] = {}
        self.facets: dict[str, Facet] = {}
        self.orders: dict[str, Order] = {}
        self.numbers: dict[str, Order] = {}
        self.lengths: dict[int, int] = {}
        self.places: dict[int, tuple[float, float]] = {}
        self.grid = Grid()
        self.last_row = 0
        self._rows: dict[str, int] = {}
        self._gone = 0
        self._load(entries)

    def add(self, entry: Entry) -> None:
        """Take one document in place of the one with its id."""
        self._take(entry)
        if entry.status == "active":
            for order, key in _keys(entry):
                self._order(self.orders, order).add(key, entry.id, entry.row)
            for path, number in entry.meta.numbers.items():
                self._order(self.numbers, path).add(number, entry.id, entry.row)

    def _load(self, entries: Iterable[Entry]) -> None:
        """Sorting once is faster than inserting each in its place."""
        orders: dict[str, list[Item]] = {}
        numbers: dict[str, list[Item]] = {}
        for entry in entries:
            self._take(entry)
            if entry.status == "active":
                for order, key in _keys(entry):
                    orders.setdefault(order, []).append((key, entry.id, entry.row))
                for path, number in entry.meta.numbers.items():
                    numbers.setdefault(path, []).append((number, entry.id, entry.row))
        self.orders = {name: Order(items) for name, items in orders.items()}
        self.numbers = {path: Order(items) for path, items in numbers.items()}

    def _take(self, entry: Entry) -> None:
        row = self.last_row = entry.row
        self._leave(entry.id)
        if entry.status != "active":
            return
        self._rows[entry.id] = row
        self.ids[row] = entry.id
        self.live.add(row)
        self.lengths[row] = entry.meta.length
        self._facet(KIND).add(row, (entry.kind,))
        for path, values in entry.meta.facets.items():
            self._facet(path).add(row, values)
        if entry.meta.geo:
            lat, lon = entry.meta.geo
            self.places[row] = (lat, lon)
            self.grid.add(row, lat, lon)

    def _leave(self, record_id: str) -> None:
        old = self._rows.pop(record_id, None)
        if old is not None:
            self.live.discard(old)
            del self.ids[old], self.lengths[old]
            self.places.pop(old, None)
            self._gone += 1

    def box(self, box: Box) -> BitMap:
        """Rows within the box, its borders included."""
        lat, lon = self.orders.get(LAT, _NONE), self.orders.get(LON, _NONE)
        if box.west <= box.east:
            return lat.between(box.south, box.north) & lon.between(box.west, box.east)
        return lat.between(box.south, box.north) & (lon.between(box.west, None) | lon.between(None, box.east))

    def prune_when_due(self, least: int) -> None:
        """Forget replaced rows once they outnumber both `least` and the live ones."""
        if self._gone <= max(least, len(self.live)):
            return
        self.facets = {path: facet.prune(self.live) for path, facet in self.facets.items()}
        self.orders = {name: order.prune(self.live) for name, order in self.orders.items()}
        self.numbers = {path: order.prune(self.live) for path, order in self.numbers.items()}
        self.grid = self.grid.prune(self.live)
        self._gone = 0

    def _facet(self, path: str) -> Facet:
        facet = self.facets.get(path)
        if facet is None:
            facet = self.facets[path] = Facet()
        return facet

    @staticmethod
    def _order(orders: dict[str, Order], name: str) -> Order:
        order = orders.get(name)
        if order is None:
            order = orders[name] = Order()
        return order


def _keys(entry: Entry) -> Iterator[tuple[str, Key]]:
    meta = entry.meta
    yield STATIC, meta.length
    yield UPDATED, entry.updated_at
    yield TITLE, meta.title_key
    if meta.geo:
        yield LAT, meta.geo[0]
        yield LON, meta.geo[1]
