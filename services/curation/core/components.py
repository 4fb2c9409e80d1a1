"""Which record ids name one thing, by people's same-as decisions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hub.kernel.contributions import SameAs

MEMBERS_LIMIT = 64
"""The most ids that a decision may join; more would be a mistake, and every change reads them all."""


@dataclass(frozen=True, slots=True)
class Component:
    """Ids that are joined, sorted; the first of them is the one that the record keeps."""

    members: tuple[str, ...]

    @property
    def canonical(self) -> str:
        return self.members[0]

    @property
    def others(self) -> tuple[str, ...]:
        return self.members[1:]


def components(ids: Collection[str], decisions: Iterable[SameAs]) -> Mapping[str, Component]:
    """The component of each id; the smallest id stands for all, so that every order of decisions agrees.

    `decisions` holds one decision a pair and reaches every id that is joined to one of `ids`.
    """
    parent: dict[str, str] = {}

    def root(record_id: str) -> str:
        while (above := parent.get(record_id, record_id)) != record_id:
            record_id = above
        return record_id

    for decision in decisions:
        if decision.decision == "joined":
            first, second = sorted((root(decision.left), root(decision.right)))
            parent.setdefault(decision.left, decision.left)
            parent.setdefault(decision.right, decision.right)
            parent[second] = first
    grouped: dict[str, list[str]] = {}
    for record_id in {*ids, *parent}:
        grouped.setdefault(root(record_id), []).append(record_id)
    return {
        record_id: component
        for members in grouped.values()
        for component in (Component(tuple(sorted(members))),)
        for record_id in members
    }


def reached(decisions: Iterable[SameAs]) -> set[str]:
    """Every id that a joining decision names."""
    return {
        record_id
        for decision in decisions
        if decision.decision == "joined"
        for record_id in (decision.left, decision.right)
    }
