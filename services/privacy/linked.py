"""Records that are about whoever has an e-mail address, as far as their sources agree."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.kernel.contributions import Contribution
from hub.kernel.records import Record
from hub.ports.personal import PersonalValues
from hub.ports.records import RecordStore
from schemas.fields import fields_of
from schemas.http import audit as contract
from schemas.kind import Kind, kinds
from schemas.views.personal import tokens_in
from services.privacy.service import kept_of, statement_view

AT_ONCE = 500
VERSIONS = 5
"""Of a withdrawn record, in which its address is looked for."""
ADDRESS = "email"


@dataclass(frozen=True, slots=True)
class Link:
    """A record with one of the addresses.

    `statements` are those that name it. `whole`: so does each statement that has private values, of all that the record
    is joined to, and each version that had some, so that nobody gets at those of somebody else by a row with an address
    of their own.
    """

    record: Record
    statements: tuple[Contribution, ...]
    whole: bool


class Linked:
    """Looks through all records that may be about a person; for what is rarely asked."""

    def __init__(self, personal: PersonalValues, records: RecordStore) -> None:
        self._personal = personal
        self._records = records

    def of(self, addresses: Collection[str]) -> list[Link]:
        """The records that have one of the addresses, which somebody has verified."""
        wanted = {address.lower() for address in addresses if address}
        links = []
        for page in _pages(self._about_people()) if wanted else ():
            tokens = {record.id: set(self._addresses(record)) for record in page}
            values = self._personal.open(set().union(*tokens.values()))
            named = (one for one in page if any(_is(values.get(token), wanted) for token in tokens[one.id]))
            links += [self._link(record, wanted) for record in named]
        return links

    def statements(self, link: Link) -> Iterator[contract.PersonStatement]:
        """What names the address, its private values opened."""
        values = self._personal.open({token for stated in link.statements for token in tokens_in(stated.fields)})
        return (statement_view(stated, values) for stated in link.statements)

    def _about_people(self) -> Iterator[Record]:
        for kind in kinds().values():
            if has_private_address(kind):
                yield from self._records.scan(kind.name)

    def _link(self, record: Record, wanted: Collection[str]) -> Link:
        versions, stated = kept_of(record.id, self._records)
        private = [one for one in stated if any(tokens_in(one.fields))]
        past = [list(_addresses(one)) for one in versions if any(_tokens(one))]
        values = self._personal.open({str(one.fields.get(ADDRESS)) for one in private}.union(*past))
        naming = tuple(one for one in private if _is(values.get(str(one.fields.get(ADDRESS))), wanted))
        always = all(own and all(_is(values.get(token), wanted) for token in own) for own in past)
        return Link(record, naming, bool(naming) and len(naming) == len(private) and always)

    def _addresses(self, record: Record) -> Iterator[str]:
        """The tokens of the record's addresses, of a withdrawn one those that its last versions had."""
        for version in (record,) if record.fields else self._records.history(record.id, VERSIONS):
            yield from _addresses(version)


def _addresses(version: Record) -> Iterator[str]:
    yield from tokens_in(version.fields.get(ADDRESS))
    yield from tokens_in([v for about in version.conflicts if about.field == ADDRESS for _, v in about.values])


def _tokens(version: Record) -> Iterator[str]:
    yield from tokens_in(version.fields)
    yield from tokens_in([v for about in version.conflicts for _, v in about.values])


def has_private_address(kind: Kind) -> bool:
    """Whether records of the kind are about people, who have an address that is not public."""
    return any(spec.path == ADDRESS and spec.openness in {"agency", "secret"} for spec in fields_of(kind))


def _is(value: Any, wanted: Collection[str]) -> bool:
    """Letters beyond ASCII have no capitals here: two addresses that fold to one may be two people's."""
    return isinstance(value, str) and value.isascii() and value.lower() in wanted


def _pages(records: Iterator[Record]) -> Iterator[list[Record]]:
    while page := list(islice(records, AT_ONCE)):
        yield page
