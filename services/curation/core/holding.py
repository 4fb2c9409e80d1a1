"""Who holds each record: the organisation whose word about it is an owner's, and who manages it."""

from collections.abc import Iterable, Mapping, Sequence

from hub.kernel.contributions import Contribution
from hub.kernel.records import Record
from hub.kernel.sources import Sources
from schemas.kind import Kind
from services.curation.core.authority import authority_of
from services.curation.core.components import Grouping


class Holdings:
    """The holder of each record, of its own and of all that it is joined to; `codes` are of verified organisations."""

    def __init__(self, records: Iterable[Record], groups: Grouping, sources: Sources, codes: Mapping[str, str]) -> None:
        self._groups = groups
        self._sources = sources
        self._codes = codes
        self._organisations = {code: organisation for organisation, code in codes.items()}
        self._own = {record.id: record.holder for record in records if record.holder is not None}

    def of(self, root: str) -> str | None:
        """The holder of all that this id stands for: its own one, else that of the first id that has one."""
        if root in self._own:
            return self._own[root]
        return next((self._own[one] for one in sorted(self._groups.members(root)) if one in self._own), None)

    def own(self, record_id: str) -> str | None:
        """The holder of what was said of this id, should it be told apart from what it is joined to."""
        return self._own.get(record_id)

    def give(self, root: str, organisation: str) -> None:
        self._own[root] = organisation

    def differ(self, left: str, right: str) -> bool:
        """Whether two organisations hold them."""
        return len({self.of(left), self.of(right)} - {None}) > 1

    def speaks_as_owner(self, contribution: Contribution) -> bool:
        return authority_of(self._sources, contribution) == "owner"

    def is_anothers(self, kind: Kind, contribution: Contribution, root: str, beside: Iterable[Contribution]) -> bool:
        """Whether somebody else holds the record, with no less right to it than who speaks; of one that nobody holds,
        whether others say that it is somebody else's, and who that is or who speaks is verified. Nobody is the owner by
        their own word.
        """
        holder, organisation = self.of(root), contribution.organisation
        if holder == organisation or not (holder or organisation):
            return False
        stated = _stated_owners(kind, (other for other in beside if other.organisation != organisation))
        entitled = self._codes.get(organisation) in stated
        if holder is None:
            verified = organisation in self._codes or not stated.isdisjoint(self._organisations)
            return bool(stated) and verified and not entitled
        return not entitled or self._codes.get(holder) in stated

    def take(self, kind: Kind, contribution: Contribution, record_id: str, beside: Sequence[Contribution]) -> None:
        """The first owner to speak of a record that nobody holds is its holder, unless it is another's to hold.

        `beside` are the contributions to all that the record is joined to.
        """
        if contribution.claim.withdrawn or not self.speaks_as_owner(contribution):
            return
        root, organisation = self._groups.root(record_id), contribution.organisation
        holder = self.of(root)
        if record_id not in self._own:
            mine = (one for one in beside if one.claim.record_id == record_id)
            if self._is_entitled(organisation, _stated_owners(kind, mine)):
                self._own[record_id] = organisation
        if holder is not None and not self.is_anothers(kind, contribution, root, beside):
            self._own[root] = organisation

    def _is_entitled(self, organisation: str, stated: set[str]) -> bool:
        """Whether nothing that is verified says that the record is another organisation's."""
        if not organisation or not stated or self._codes.get(organisation) in stated:
            return True
        return organisation not in self._codes and not any(code in self._organisations for code in stated)


def _stated_owners(kind: Kind, contributions: Iterable[Contribution]) -> set[str]:
    codes = (kind.owner_code(contribution.fields) for contribution in contributions)
    return {code for code in codes if code}
