"""Who holds each record: the organisation whose word about it is an owner's, and who manages it."""

from collections.abc import Iterable, Mapping

from hub.kernel.contributions import Contribution
from hub.kernel.records import Record
from hub.kernel.sources import Sources
from schemas.kind import Kind
from services.curation.core.authority import authority_of
from services.curation.core.components import Grouping


class Holdings:
    """The holder of each record, by the id that stands for it; `codes` are those of verified organisations."""

    def __init__(self, records: Iterable[Record], groups: Grouping, sources: Sources, codes: Mapping[str, str]) -> None:
        self._sources = sources
        self._codes = codes
        self._organisations = {code: organisation for organisation, code in codes.items()}
        self._holders: dict[str, str | None] = {}
        for record in sorted(records, key=lambda record: record.id, reverse=True):
            root = groups.root(record.id)
            if record.holder is not None and (record.id == root or self._holders.get(root) is None):
                self._holders[root] = record.holder

    def of(self, root: str) -> str | None:
        return self._holders.get(root)

    def give(self, root: str, organisation: str) -> None:
        self._holders[root] = organisation

    def differ(self, left: str, right: str) -> bool:
        """Whether two organisations hold them."""
        return len({self._holders.get(left), self._holders.get(right)} - {None}) > 1

    def join(self, first: str, second: str) -> None:
        """The second record is part of the first."""
        holder = self._holders.pop(second, None)
        if self._holders.get(first) is None:
            self._holders[first] = holder

    def speaks_as_owner(self, contribution: Contribution) -> bool:
        return authority_of(self._sources, contribution) == "owner"

    def is_anothers(self, kind: Kind, contribution: Contribution, root: str, beside: Iterable[Contribution]) -> bool:
        """Whether somebody else holds the record, with no less right to it than who speaks."""
        holder, organisation = self._holders.get(root), contribution.organisation
        if holder is None or holder == organisation:
            return False
        stated = _stated_owners(kind, (other for other in beside if other.organisation != organisation))
        return self._codes.get(organisation) not in stated or self._codes.get(holder) in stated

    def take(self, kind: Kind, contribution: Contribution, root: str, beside: list[Contribution]) -> None:
        """The first owner to speak of a record that nobody holds is its holder, unless it is another's to hold."""
        if not self.speaks_as_owner(contribution):
            return
        if self._holders.get(root) is None:
            if self._is_entitled(contribution.organisation, _stated_owners(kind, beside)):
                self._holders[root] = contribution.organisation
        elif not self.is_anothers(kind, contribution, root, beside):
            self._holders[root] = contribution.organisation

    def alone(self, kind: Kind, contributions: Iterable[Contribution]) -> str | None:
        """Who would hold a record of these: the first owner to speak that is entitled."""
        owners = sorted((one for one in contributions if self.speaks_as_owner(one)), key=lambda one: one.received_at)
        stated = _stated_owners(kind, owners)
        return next((one.organisation for one in owners if self._is_entitled(one.organisation, stated)), None)

    def _is_entitled(self, organisation: str, stated: set[str]) -> bool:
        """Whether nothing that is verified says that the record is another organisation's."""
        if not organisation or not stated or self._codes.get(organisation) in stated:
            return True
        return organisation not in self._codes and not any(code in self._organisations for code in stated)


def _stated_owners(kind: Kind, contributions: Iterable[Contribution]) -> set[str]:
    codes = (kind.owner_code(contribution.fields) for contribution in contributions)
    return {code for code in codes if code}
