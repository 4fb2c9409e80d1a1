"""Entries of the audit trail, each bound to all that were noted before it."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Literal

import orjson

from hub.kernel.canonical import canonical_json
from hub.ports.audit import AuditEvent
from hub.ports.clock import rfc3339

START = "0" * 64
"""What the first entry is bound to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the trail, counted from 1.

    `hash` is SHA-256 in hexadecimal over the hash before it, a line feed, and everything else as a list in canonical
    JSON.
    """

    number: int
    at: str
    account: str
    organisation: str
    credential: str
    action: str
    subject: str
    outcome: str
    detail: str
    hash: str

    def to_line(self) -> bytes:
        """As a line of JSON."""
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes) -> "Entry":
        """Raises ValueError or TypeError where the line is none."""
        return cls(**orjson.loads(line))


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not as it was noted, and how: `missing`, `changed`, or `cut` off at the end."""

    number: int
    how: Literal["missing", "changed", "cut"]


def chained(events: Iterable[AuditEvent], number: int, before: str) -> list[Entry]:
    """The entries of events that come after the entry of this number, whose hash is `before`."""
    entries = []
    for event in events:
        number += 1
        names = event.account, event.organisation, event.credential, event.action, event.subject
        values = (number, rfc3339(event.at), *names, event.outcome, event.detail)
        before = _hash(before, values)
        entries.append(Entry(*values, before))
    return entries


class Chain:
    """Follows a trail from its beginning, an entry at a time."""

    def __init__(self) -> None:
        self.number = 0
        self.hash = START

    def follow(self, entries: Iterable[Entry]) -> Broken | None:
        """The first entry that is not the next one; None where all are."""
        for entry in entries:
            *values, own = astuple(entry)
            if entry.number != self.number + 1:
                return Broken(self.number + 1, "missing")
            if own != _hash(self.hash, values):
                return Broken(entry.number, "changed")
            self.number, self.hash = entry.number, own
        return None


def _hash(before: str, values: Iterable[object]) -> str:
    return sha256(before.encode() + b"\n" + canonical_json(list(values))).hexdigest()
