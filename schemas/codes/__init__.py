"""Code lists: what a code is called in Chinese and English, and which code a name means."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from hub.text.language import Bilingual

_FILES = {"country": "countries.csv", "division": "divisions.csv", "nsfc_discipline": "nsfc_disciplines.csv"}


def folded(text: str) -> str:
    """The form in which names are compared: NFKC, without case and white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


class CodeList:
    """One code list, in the order of its file.

    A code that is not in the list takes the label of its longest listed prefix, so that `010203` of a classification
    whose top level alone is listed is still called by its class.
    """

    def __init__(self, name: str, labels: Mapping[str, Bilingual]) -> None:
        self.name = name
        self._labels = dict(labels)
        self._names: dict[str, str] = {}
        ambiguous: set[str] = set()
        for code, label in self._labels.items():
            for text in {folded(label.zh), folded(label.en)}:
                if self._names.setdefault(text, code) != code:
                    ambiguous.add(text)
        for text in ambiguous:
            del self._names[text]
        self._names |= {folded(code): code for code in self._labels}

    def __contains__(self, code: object) -> bool:
        return code in self._labels

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def label(self, code: str) -> Bilingual:
        """The code's label; the code itself where neither it nor a prefix of it is listed."""
        for end in range(len(code), 0, -1):
            if found := self._labels.get(code[:end]):
                return found
        return Bilingual(code, code)

    def code_for(self, text: str) -> str | None:
        """The code that a code or a label in either language means; None where nothing or several match."""
        return self._names.get(folded(text))


@lru_cache(maxsize=64)
def code_list(name: str) -> CodeList:
    """KeyError where there is no such list."""
    if name in _FILES:
        return CodeList(name, {row["code"]: Bilingual(row["zh"], row["en"]) for row in rows_of(_FILES[name])})
    return CodeList(name, _short_lists()[name])


@lru_cache(maxsize=1)
def _short_lists() -> dict[str, dict[str, Bilingual]]:
    lists: dict[str, dict[str, Bilingual]] = {}
    for row in rows_of("short.csv"):
        lists.setdefault(row["list"], {})[row["code"]] = Bilingual(row["zh"], row["en"])
    return lists


def rows_of(file_name: str) -> Iterable[dict[str, str]]:
    """The rows of a CSV file shipped in this package."""
    text = (files(__name__) / file_name).read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(text))
