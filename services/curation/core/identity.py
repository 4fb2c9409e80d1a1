"""What identifiers tell of contributions, and how much may come together in one record."""

from collections.abc import Collection, Iterable, Sequence

import orjson

from hub.kernel.contributions import Contribution
from schemas.kind import Kind, kind_named
from services.curation.core.known import Refused

CONTRIBUTIONS_LIMIT = 200
"""Of sources to one record, withdrawn ones aside."""
ALIASES_LIMIT = 64
"""Identifiers that lead to one record, those it had once among them."""
RECORDS_LIMIT = 64
"""To which one identifier leads; where others tell so many apart, it identifies nothing."""
CONTRIBUTED_BYTES = 640 * 2**10
"""Of all contributions to one record, as JSON with who made them; a record with its conflicts must fit an entry of the
log."""


def identities_of(contribution: Contribution) -> tuple[str, ...]:
    """The ids that the contribution's identifiers stand for."""
    return kind_named(contribution.kind).identities(contribution.fields)


def contradict(kind: Kind, mine: Sequence[Contribution], theirs: Sequence[Contribution]) -> bool:
    """Whether an identifier tells the two sides apart: each has values of it, and none is the same."""
    left, right = (_telling(kind, side) for side in (mine, theirs))
    return any(not values & right[paths] for paths, values in left.items() if paths in right)


def too_much(
    contribution: Contribution, identities: Collection[str], beside: Iterable[Contribution], led: Collection[str]
) -> Refused | None:
    """Whether a record, to which `led` lead, would be beyond a bound with the contribution in it."""
    others = [other for other in beside if other.key != contribution.key and not other.claim.withdrawn]
    if len(others) >= CONTRIBUTIONS_LIMIT:
        return Refused("too-many-sources", f"a record has at most {CONTRIBUTIONS_LIMIT} contributions")
    if len({*led, *identities}) > ALIASES_LIMIT:
        return Refused("too-many-identifiers", f"at most {ALIASES_LIMIT} identifiers lead to one record")
    if others or contribution.older:
        size = sum(len(orjson.dumps((each.fields, each.ref()))) for each in (*others, contribution))
        if size > CONTRIBUTED_BYTES:
            return Refused("record-too-large", f"the contributions to a record have at most {CONTRIBUTED_BYTES} bytes")
    return None


def _telling(kind: Kind, contributions: Iterable[Contribution]) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    values: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for contribution in contributions:
        for paths, value in kind.telling(contribution.fields).items():
            values.setdefault(paths, set()).add(value)
    return values
