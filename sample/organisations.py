"""Which organisations the sample has, and finding one by its name."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

CHINESE = 300
Document = Mapping[str, Any]


def shuffled(keys: Iterable[str]) -> list[str]:
    """In an order that looks random and is always the same."""
    return sorted(keys, key=lambda key: sha256(key.encode()).digest())


@dataclass(frozen=True, slots=True)
class Register:
    """The last state of each organisation in ROR's releases, as `{"release": …, "record": …}` by ROR id."""

    documents: Mapping[str, Document]
    by_name: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, path: Path) -> "Register":
        documents: dict[str, Document] = {}
        with gzip.open(path) as lines:
            for line in lines:
                said = json.loads(line)
                documents[said["record"]["id"]] = said
        by_name: dict[str, set[str]] = {}
        for ror, said in documents.items():
            for name in said["record"]["names"] if said["record"]["status"] == "active" else ():
                if "acronym" not in name["types"]:
                    by_name.setdefault(_folded(name["value"]), set()).add(ror)
        return cls(documents, {name: frozenset(found) for name, found in by_name.items()})

    def named(self, name: str) -> str | None:
        """The ROR id of the one active organisation of that name."""
        found = self.by_name.get(_folded(name), frozenset())
        return next(iter(found)) if len(found) == 1 else None

    def country(self, ror: str) -> str:
        locations = self.documents[ror]["record"]["locations"]
        return str(locations[0]["geonames_details"]["country_code"]) if locations else ""


def chinese(register: Register, zhejiang: Path) -> list[str]:
    """The ROR ids of the organisations of Zhejiang, and of others in China up to CHINESE in all."""
    home = [document["id"] for document in json.loads(zhejiang.read_text("utf-8"))]
    elsewhere = (
        ror
        for ror in shuffled(register.documents)
        if register.country(ror) == "CN" and _is_told(register.documents[ror]["record"]) and ror not in home
    )
    return [*sorted(home), *sorted(ror for ror, _ in zip(elsewhere, range(CHINESE - len(home)), strict=False))]


def _is_told(record: Document) -> bool:
    return record["status"] == "active" and any(name["lang"] == "zh" for name in record["names"])


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace(",", " ").replace("-", " ").split()).removeprefix("the ")
