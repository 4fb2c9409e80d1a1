"""What stewards are asked: which field values to believe, and which records are one thing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from hub.kernel.contributions import SameAs, kind_of
from hub.kernel.identifiers import normalised
from hub.kernel.records import Record
from hub.ports.records import WeakKey
from schemas.kind import Kind, kinds, value_at
from services.curation.core.components import MEMBERS_LIMIT
from services.curation.core.weak import Sign, may_be_same, resemblance, shared_key, sign_of

Group = tuple[WeakKey, tuple[str, ...]]


class Pair(NamedTuple):
    """Two active records of one kind that nobody has decided on; left.id < right.id.

    `sign` is what they have alike, `fields` the paths of the values; no identifier tells apart those that share no more
    than a name.
    """

    left: Record
    right: Record
    sign: Sign = "name"
    fields: tuple[str, ...] = ()


def undecided_pairs(groups: Iterable[Group], records: Mapping[str, Record], decided: Iterable[SameAs]) -> list[Pair]:
    """The pairs of each group to ask about, in the order of groups and ids.

    A pair that shares several keys is asked about at the smallest of them alone, and so once over all pages.
    """
    settled = {decision.key for decision in decided if decision.decision != "undone"}
    return [pair for group in groups for pair in _pairs(group, records) if (pair.left.id, pair.right.id) not in settled]


def _pairs(group: Group, records: Mapping[str, Record]) -> Iterator[Pair]:
    key, ids = group
    known = [records[record_id] for record_id in sorted(ids) if record_id in records]
    active = [record for record in known if record.status == "active"]
    for left, right in combinations(active, 2):
        kind = kinds().get(left.kind)
        if kind and left.kind == right.kind and key == shared_key(kind, left.fields, right.fields):
            sign = sign_of(key)
            if sign != "name" or may_be_same(kind, left.fields, right.fields):
                yield Pair(left, right, sign, _alike(kind, sign, left, right))


def _alike(kind: Kind, sign: Sign, left: Record, right: Record) -> tuple[str, ...]:
    """The paths of what the two have alike."""
    if sign == "resemblance":
        return resemblance(kind, left.fields, right.fields)
    paths = [identity.paths for identity in kind.identity] if sign == "identifier" else [(name,) for name in kind.title]
    for names in paths:
        mine, theirs = ([value_at(record.fields, path) for path in names] for record in (left, right))
        if all(mine) and all(theirs) and [*map(_plain, mine)] == [*map(_plain, theirs)]:
            return names
    return ()


def _plain(value: object) -> str:
    return normalised(str(value))


def canonical(record: Record) -> str:
    """The id that stands for the record and all that it is joined to."""
    return record.replaced_by or record.id


def joined_size(of: Sequence[Record]) -> int:
    """How many ids one record would stand for if these canonical records were joined."""
    return sum(1 + len(record.same_as) for record in {record.id: record for record in of}.values())


def may_be_joined(of: Sequence[Record]) -> bool:
    """Whether joining these canonical records stays within what one record may stand for."""
    return joined_size(of) <= MEMBERS_LIMIT


def of_one_kind(left: str, right: str) -> bool:
    """Whether the ids name two things of one kind."""
    return left != right and kind_of(left) == kind_of(right)
