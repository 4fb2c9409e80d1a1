"""Checks a recorded history of booking operations against what a booking store promises.

An operation takes effect at one instant between its invocation and its response; one without a response (its process
was killed) took effect at some instant after its invocation, or never. A history is refused only where no choice of
those instants can explain it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import Literal


@dataclass(frozen=True)
class Operation:
    """One call; times are of one monotonic clock, `responded` is None where there was no answer.

    `outcome` is the store's (`added`, `overlap`, `changed`, …). `start` and `end` bound the booked or read time;
    `seen` is what a read answered.
    """

    kind: Literal["book", "cancel", "read"]
    booking: str
    instrument: str
    start: int
    end: int
    invoked: float
    responded: float | None = None
    outcome: str = ""
    seen: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Life:
    """One booking that may have come to be: when it was possibly, and when it was certainly, active."""

    booking: str
    span: tuple[int, int]
    exists: bool
    possible_from: float
    certain_from: float
    certain_until: float
    possible_until: float

    def may_have_been_active(self, first: float, last: float) -> bool:
        return self.possible_from < last and self.possible_until > first

    def must_have_been_active(self, first: float, last: float) -> bool:
        return self.exists and self.certain_from <= first and last <= self.certain_until

    def may_precede(self, other: "Life") -> bool:
        """Whether this one can have been given up before the other came to be."""
        return self.certain_until < other.certain_from


def violations(history: Sequence[Operation], final: Mapping[str, bool]) -> list[str]:
    """Every promise that was broken; `final` tells of each stored booking whether it is active in the end."""
    found = list(_lost(history, final))
    for instrument in sorted({operation.instrument for operation in history}):
        there = [operation for operation in history if operation.instrument == instrument]
        lives = list(_lives(there, final))
        found += _overlaps(lives, final)
        found += _unjustified(there, lives)
        found += _misread(there, lives)
    return found


def _lives(history: Iterable[Operation], final: Mapping[str, bool]) -> Iterator[Life]:
    cancels = {one.booking: one for one in history if one.kind == "cancel" and one.outcome in ("", "changed")}
    for one in history:
        if one.kind != "book" or one.outcome not in ("", "added"):
            continue
        cancel = cancels.get(one.booking)
        yield Life(
            one.booking,
            (one.start, one.end),
            exists=one.outcome == "added" or one.booking in final,
            possible_from=one.invoked,
            certain_from=inf if one.responded is None else one.responded,
            certain_until=inf if cancel is None else cancel.invoked,
            possible_until=inf if cancel is None or cancel.responded is None else cancel.responded,
        )


def _lost(history: Iterable[Operation], final: Mapping[str, bool]) -> Iterator[str]:
    """What was acknowledged is there for ever, and nothing is there that nobody asked for."""
    booked = {one.booking: one for one in history if one.kind == "book"}
    cancelled = {one.booking: one for one in history if one.kind == "cancel" and one.outcome in ("", "changed")}
    for booking, one in booked.items():
        if one.outcome == "added" and booking not in final:
            yield f"{booking} was acknowledged and is lost"
        if one.outcome == "overlap" and booking in final:
            yield f"{booking} was refused and is stored"
        if booking in final and not final[booking] and booking not in cancelled:
            yield f"{booking} is inactive though nobody cancelled it"
        if final.get(booking) and booking in cancelled and cancelled[booking].outcome == "changed":
            yield f"{booking} is active though its cancellation was acknowledged"
    for booking in final:
        if booking not in booked:
            yield f"{booking} is stored though nobody asked for it"


def _overlaps(lives: Sequence[Life], final: Mapping[str, bool]) -> Iterator[str]:
    """Of two bookings that overlap, one was given up before the other came to be."""
    for one, two in combinations([life for life in lives if life.exists], 2):
        if not (one.span[0] < two.span[1] and two.span[0] < one.span[1]):
            continue
        if final.get(one.booking) and final.get(two.booking):
            yield f"{one.booking} and {two.booking} overlap in the end"
        elif not one.may_precede(two) and not two.may_precede(one):
            yield f"{one.booking} and {two.booking} overlapped"


def _unjustified(history: Iterable[Operation], lives: Sequence[Life]) -> Iterator[str]:
    """A booking is refused only where another may have had its time: one given up frees it."""
    for one in history:
        if one.kind == "book" and one.outcome == "overlap" and one.responded is not None:
            rivals = (life for life in lives if life.span[0] < one.end and one.start < life.span[1])
            if not any(life.may_have_been_active(one.invoked, one.responded) for life in rivals):
                yield f"{one.booking} was refused though its time was free"


def _misread(history: Iterable[Operation], lives: Sequence[Life]) -> Iterator[str]:
    """A read shows all that was active throughout it, and nothing that was not active at any time of it."""
    for one in history:
        if one.kind != "read" or one.responded is None:
            continue
        within = [life for life in lives if life.span[0] < one.end and one.start < life.span[1]]
        must = {life.span for life in within if life.must_have_been_active(one.invoked, one.responded)}
        may = {life.span for life in within if life.may_have_been_active(one.invoked, one.responded)}
        if missing := must - set(one.seen):
            yield f"a read at {one.invoked} missed {sorted(missing)}"
        if phantoms := set(one.seen) - may:
            yield f"a read at {one.invoked} showed {sorted(phantoms)}, which nobody held"
