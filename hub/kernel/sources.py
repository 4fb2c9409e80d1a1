"""Who may speak about records, and with what authority."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.kernel.problems import Refusal, expecting
from hub.kernel.records import Authority
from hub.text.language import Bilingual, Language


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source of submissions."""

    id: str
    label: Bilingual
    authority: Authority


class Sources:
    """The registered sources by id."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def labels(self, language: Language) -> dict[str, str]:
        """What people call the sources, by id."""
        return {source.id: source.label[language] for source in self}

    def named(self, source_id: str) -> Source:
        """Raises Refusal where the source is not registered."""
        try:
            return self._sources[source_id]
        except KeyError:
            known = ", ".join(sorted(self._sources))
            problem = expecting("unknown-source", "hub.unknown-source", source_id, "source", known=known)
            raise Refusal(problem) from None
