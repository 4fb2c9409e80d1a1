"""Which records identifiers lead to: each identifier's id is an alias of the records that were said to have it."""

from collections.abc import Collection, Iterable, Mapping

from hub.kernel.records import Record
from services.curation.core.components import Grouping
from services.curation.core.identity import RECORDS_LIMIT


class Leads:
    """The aliases, which grow. `exists` are the ids that records have, which the owner of the set adds to."""

    def __init__(
        self,
        aliases: Mapping[str, tuple[str, ...]],
        records: Iterable[Record],
        exists: Collection[str],
        groups: Grouping,
    ) -> None:
        self.aliases = dict(aliases)
        self.new: set[str] = set()
        self._exists = exists
        self._groups = groups
        self._to: dict[str, set[str]] = {}
        for record in records:
            if record.aliases:
                self._to.setdefault(groups.root(record.id), set()).update(record.aliases)

    def to(self, root: str) -> Collection[str]:
        """The aliases that lead to the record that this id stands for."""
        return self._to.get(root, ())

    def alike(self, identities: Iterable[str]) -> dict[str, str]:
        """The records that these identifiers lead to, those of the strongest first, each with the id that they name."""
        alike: dict[str, str] = {}
        for alias in identities:
            for record_id in self.aliases.get(alias, (alias,) if alias in self._exists else ()):
                alike.setdefault(self._groups.root(record_id), record_id)
        return alike

    def is_crowded(self, alias: str, root: str) -> bool:
        """Whether an identifier leads to as many records as it may, of which this is none."""
        roots = {self._groups.root(record_id) for record_id in self.aliases.get(alias, ())}
        return len(roots) >= RECORDS_LIMIT and root not in roots

    def join(self, first: str, second: str) -> None:
        """The second record is part of the first."""
        self._to.setdefault(first, set()).update(self._to.pop(second, ()))

    def add(self, identities: Iterable[str], record_id: str) -> None:
        """From now on these identifiers lead to the record."""
        root = self._groups.root(record_id)
        for alias in identities:
            before = self.aliases.get(alias, ())
            if root not in {self._groups.root(known) for known in before}:
                self.aliases[alias] = (*before, record_id)
                self.new.add(alias)
            self._to.setdefault(root, set()).add(alias)
