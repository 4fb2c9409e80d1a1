"""Who may speak about records, and with what authority."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.kernel.access import Principal, Scope
from hub.kernel.canonical import canonical_json, short_digest
from hub.kernel.problems import Refusal, expecting
from hub.kernel.records import Authority
from hub.kernel.versions import VersionForm
from hub.text.language import Bilingual, Language


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source of submissions.

    `was` names earlier ids, oldest first: what was said under them is what the source says. `jurisdiction` is what it
    has its authority over; elsewhere it counts as harvested. `versions` is the form that its versions have, empty where
    it is not stated.
    """

    id: str
    label: Bilingual
    authority: Authority
    was: tuple[str, ...] = ()
    jurisdiction: Scope = field(default_factory=Scope)
    versions: VersionForm | None = None

    @property
    def key(self) -> str:
        """The id under which what it says is kept, which stays when the source is renamed."""
        return self.was[0] if self.was else self.id

    def may_be_spoken_for(self, by: Principal) -> bool:
        """Whether the caller may submit for it, be it under an earlier id."""
        return any(by.may_submit_for(name) for name in (self.id, *self.was))


class Sources:
    """The registered sources by id."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)
        self._by_any_id = {name: source for source in self for name in (*source.was, source.id)}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def labels(self, language: Language) -> dict[str, str]:
        """What people call the sources, by id."""
        return {name: source.label[language] for name, source in self._by_any_id.items()}

    def known(self, source_id: str) -> Source | None:
        """The source that has or had this id."""
        return self._by_any_id.get(source_id)

    def key_of(self, source_id: str) -> str:
        """`Source.key` of the source; an id that is not registered is its own."""
        source = self._by_any_id.get(source_id)
        return source.key if source else source_id

    def fingerprint(self) -> str:
        """Equal for registers under which records are merged alike."""
        entries = [
            [source.id, source.was, source.authority, *(sorted(part) for part in source.jurisdiction.parts())]
            for source in self
        ]
        return short_digest(canonical_json(sorted(entries)))

    def named(self, source_id: str) -> Source:
        """The source that has or had this id. Raises Refusal where none is registered."""
        try:
            return self._by_any_id[source_id]
        except KeyError:
            known = ", ".join(sorted(self._sources))
            problem = expecting("unknown-source", "hub.unknown-source", source_id, "source", known=known)
            raise Refusal(problem) from None
