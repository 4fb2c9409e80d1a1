"""The owners of instruments as one column, so that an owner's bookings are one range of an index."""

from collections.abc import Collection, Iterable

SEPARATOR = "\x1f"


def joined(owners: Collection[str]) -> str:
    """As the column has them."""
    return SEPARATOR.join(sorted(owners))


def split(column: str | None) -> frozenset[str] | None:
    """The owners again; None where nobody has looked them up yet."""
    return None if column is None else frozenset(filter(None, column.split(SEPARATOR)))


def naming(owners: Collection[str], columns: Iterable[str | None]) -> list[str | None]:
    """Of the columns' values, those that name one of the owners, and None for not looked up yet."""
    return [None, *(column for column in columns if not set(owners).isdisjoint(split(column) or ()))]
