"""With what authority each source speaks about a record, judged from the register when the record is merged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hub.kernel.contributions import Contribution
from hub.kernel.records import Authority
from hub.kernel.sources import Source, Sources
from schemas.fields import fields_of
from schemas.kind import Kind, RecordModel, value_at


def authority_of(sources: Sources, contribution: Contribution) -> Authority:
    """What the register says of the source; of one that it does not know, what was said when it spoke."""
    source = sources.known(contribution.source)
    return source.authority if source else contribution.claim.authority


def judged(
    kind: Kind, contributions: Sequence[Contribution], holder: str | None, sources: Sources
) -> list[Contribution]:
    """The contributions with the authority that each has here, under the names that the sources have now.

    An owner's word is that of the organisation that holds the record; outside its jurisdiction a source counts as one
    that harvests.
    """
    return [_judged(kind, contribution, contributions, holder, sources) for contribution in contributions]


def _judged(
    kind: Kind, contribution: Contribution, beside: Sequence[Contribution], holder: str | None, sources: Sources
) -> Contribution:
    claim = contribution.claim
    source = sources.known(contribution.source)
    authority = source.authority if source else claim.authority
    is_holder = authority != "owner" or contribution.organisation == holder
    if not is_holder or (source and not _within(kind, contribution, beside, source)):
        authority = "harvested"
    name = source.id if source else contribution.source
    if authority == claim.authority and name == contribution.source:
        return contribution
    return replace(contribution, source=name, claim=replace(claim, authority=authority))


def _within(kind: Kind, contribution: Contribution, beside: Sequence[Contribution], source: Source) -> bool:
    """Whether the record is in the source's jurisdiction; one that tells no place, or no level, is not outside it.

    Where it is, its owner tells, else other sources; a source's own word counts where nobody else's does.
    """
    scope = source.jurisdiction
    if scope.kinds and kind.name not in scope.kinds:
        return False
    owners = [one for one in beside if one.claim.authority == "owner" and one.source != contribution.source]
    others = [one for one in beside if one.source != contribution.source]
    for part, told in ((scope.divisions, _places), (scope.levels, _levels)):
        if not part:
            continue
        values = next((found for side in (owners, others, [contribution]) if (found := told(kind, side))), None)
        if values and not any(value.startswith(tuple(part)) for value in values):
            return False
    return True


def _places(kind: Kind, contributions: Iterable[Contribution]) -> set[str]:
    """Where the record is: its place, else where its owner is registered (GB 32100-2015: digits 3 to 8 of its code).

    The codes of those whom the State itself registers, which begin with 10, tell no place.
    """
    said = [one.fields for one in contributions]
    places = {str(place) for fields in said for place in _at(fields, _division_paths(kind.model, kind))}
    codes = (kind.owner_code(fields) or "" for fields in said)
    return places or {code[2:8] for code in codes if code[2:4] > "10"}


def _levels(_: Kind, contributions: Iterable[Contribution]) -> set[str]:
    return {str(level) for one in contributions if (level := one.fields.get("level"))}


def _at(fields: Mapping[str, Any], paths: Iterable[str]) -> Iterator[Any]:
    for path in paths:
        if value := value_at(fields, path):
            yield value


@lru_cache(maxsize=256)
def _division_paths(model: type[RecordModel], kind: Kind) -> tuple[str, ...]:
    """Where a record of the kind tells its own division of GB/T 2260."""
    return tuple(
        spec.path for spec in fields_of(kind) if spec.meta.codes == "division" and spec.path.startswith("place")
    )
