"""Which record ids name one thing, by decisions of people and by shared identifiers."""

from collections.abc import Collection, Iterable, Sequence
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


class Grouping:
    """The components of some ids, which grow as ids are joined; the smallest id stands for all of one.

    So every order of the same decisions agrees.
    """

    def __init__(self, ids: Collection[str], decisions: Iterable[SameAs]) -> None:
        """`decisions` holds one decision a pair and reaches every id that is joined to one of `ids`."""
        self._above: dict[str, str] = {}
        self._members: dict[str, list[str]] = {record_id: [record_id] for record_id in ids}
        self._apart: list[tuple[str, str]] = []
        for decision in decisions:
            if decision.decision == "joined":
                self.join(decision.left, decision.right)
            elif decision.decision == "separate":
                self._apart.append(decision.key)

    def root(self, record_id: str) -> str:
        """The id that stands for this one."""
        while (above := self._above.get(record_id, record_id)) != record_id:
            record_id = above
        return record_id

    def join(self, left: str, right: str) -> str:
        """From now on these are one; returns the id that stands for both."""
        first, second = sorted((self.root(left), self.root(right)))
        members = self._members.setdefault(first, [first])
        if first != second:
            members += self._members.pop(second, [second])
            self._above[second] = first
        return first

    def members(self, root: str) -> Sequence[str]:
        return self._members.get(root, (root,))

    def are_apart(self, left: str, right: str) -> bool:
        """Whether somebody decided that members of the two are not one."""
        both = {self.root(left), self.root(right)}
        return any({self.root(first), self.root(second)} == both for first, second in self._apart)

    def components(self) -> list[Component]:
        return [Component(tuple(sorted(members))) for members in self._members.values()]


def reached(decisions: Iterable[SameAs]) -> set[str]:
    """Every id that a joining decision names."""
    return {
        record_id
        for decision in decisions
        if decision.decision == "joined"
        for record_id in (decision.left, decision.right)
    }


def path_between(left: str, right: str, decisions: Iterable[SameAs]) -> Sequence[str]:
    """The ids along which joining decisions lead from one to the other, both included; empty where none do."""
    neighbours: dict[str, set[str]] = {}
    for decision in decisions:
        if decision.decision == "joined":
            neighbours.setdefault(decision.left, set()).add(decision.right)
            neighbours.setdefault(decision.right, set()).add(decision.left)
    paths: list[tuple[str, ...]] = [(left,)]
    seen = {left}
    for path in paths:
        if path[-1] == right:
            return path
        ahead = sorted(neighbours.get(path[-1], set()) - seen)
        seen.update(ahead)
        paths += [(*path, record_id) for record_id in ahead]
    return ()
