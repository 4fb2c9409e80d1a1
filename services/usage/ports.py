"""Where the indicators of use are kept, by instrument and month, and rolled up when they are asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, get_args

from schemas.events.usage import MonthUsage
from schemas.http.usage import Scope

SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Indicators:
    """What the instruments of a scope did in one month (`YYYY-MM`, each in its own time zone), in whole seconds.

    `no_shows` are the bookings without a run whose time of grace is over.
    """

    month: str
    effective_seconds: int
    external_seconds: int
    bookings: int
    no_shows: int


class UsageStore(Protocol):
    """Durable when each method returns. Safe for many threads."""

    def put(self, rows: Sequence[MonthUsage]) -> None:
        """Replace what is known of each row's instrument and month, unless that knows more.

        What knows less is left out, so that rows may come in any order and any number of times.
        """

    def indicators(self, scope: Scope, ids: Collection[str], first: str, last: str, now: datetime) -> list[Indicators]:
        """The sums over the instruments of any of these ids, of the months from `first` to `last` that have any.

        In the order of the months; each instrument and month counts once.
        """

    def close(self) -> None: ...
