"""What became of each row of a receipt, from its arrival to the moment it can be found."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, get_args

from hub.kernel.problems import Problem
from hub.ports.catalogue import Catalogue
from hub.ports.records import Outcome, RecordReader
from hub.text.messages import bilingual
from schemas.http.ingest import ROWS_LIMIT, State
from services.ingest.core.refused import RefusedRow, unpack_refused
from services.ingest.ports.receipts import Accepted, Batch, Belonging, Receipt, ReceiptStore
from services.ingest.ports.vault import Vault

STATES: tuple[State, ...] = get_args(State)

COUNTED_ROWS = 10_000
"""How many rows of a receipt are looked up for one answer; those that are settled are not looked up again."""
REMEMBERED = 1_000


class RowState(NamedTuple):
    """One row; `record_id` is empty and `version` 0 while they are not known, and of a refused row."""

    row: int
    state: State
    record_id: str = ""
    version: int = 0
    problems: tuple[Problem, ...] = ()


class Counts(NamedTuple):
    """How many rows are in each state; `uncounted` rows of a long receipt have yet to be looked up."""

    states: Mapping[State, int]
    uncounted: int


@dataclass(slots=True)
class _Settled:
    """The counts of a receipt's rows up to `last_row`, none of which will change its state any more."""

    last_row: int = -1
    states: Counter[State] = field(default_factory=Counter)


def sealing_context(receipt_id: str, batch: int) -> str:
    """What the sealed rows of a batch are bound to."""
    return f"receipt {receipt_id} batch {batch}"


class Outcomes:
    """Reads receipts together with the record store and the catalogue; safe for any number of threads."""

    def __init__(self, receipts: ReceiptStore, vault: Vault, records: RecordReader, catalogue: Catalogue) -> None:
        self._receipts = receipts
        self._vault = vault
        self._records = records
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._settled: OrderedDict[str, _Settled] = OrderedDict()

    def receipt(self, receipt_id: str) -> Receipt | None:
        return self._receipts.get(receipt_id)

    def recent(self, whose: Belonging | None, limit: int) -> list[Receipt]:
        """Newest first, of these (None: of all)."""
        return self._receipts.recent(whose, limit)

    def rows(self, receipt_id: str, after: int, limit: int) -> tuple[list[RowState], int | None]:
        """Up to `limit` rows after that row, and the row to go on after where there are more."""
        limit = max(1, min(limit, ROWS_LIMIT))
        window: list[Accepted | RefusedRow] = list(islice(self._after(receipt_id, after), limit + 1))
        page = window[:limit]
        states = self._states([row for row in page if isinstance(row, Accepted)])
        rows = [
            states[at] if isinstance(row, Accepted) else RowState(row.number, "refused", problems=row.problems)
            for at, row in _numbered(page)
        ]
        return rows, (rows[-1].row if len(window) > limit else None)

    def counts(self, receipt: Receipt) -> Counts:
        """Look up what is not settled, a bounded number of rows of it."""
        settled = self._remembered(receipt.id)
        states, first_open = Counter(settled.states), True
        looked_up = 0
        for batch in self._receipts.batches(receipt.id, settled.last_row):
            if looked_up >= COUNTED_ROWS:
                break
            looked_up += len(batch.accepted)
            counted, done = self._counted(batch)
            states += counted
            first_open = first_open and done
            if first_open:
                settled = _Settled(batch.last_row, Counter(states))
        self._remember(receipt.id, settled)
        uncounted = max(0, receipt.accepted + receipt.refused - states.total())
        return Counts({state: states[state] for state in STATES}, uncounted)

    def refused(self, receipt_id: str) -> Iterator[RefusedRow]:
        """The refused rows, as they were sent, in order; a batch at a time."""
        for batch in self._receipts.batches(receipt_id, with_refused=True):
            yield from self._unsealed(receipt_id, batch)

    def problems(self, receipt: Receipt, rows: int) -> list[Problem]:
        """The problems of the first refused rows."""
        if not receipt.refused:
            return []
        return [problem for row in islice(self.refused(receipt.id), rows) for problem in row.problems]

    def _after(self, receipt_id: str, after: int) -> Iterator[Accepted | RefusedRow]:
        for batch in self._receipts.batches(receipt_id, after):
            merged: list[Accepted | RefusedRow] = [*batch.accepted, *self._unsealed(receipt_id, batch)]
            merged.sort(key=_number)
            yield from (row for row in merged if _number(row) > after)

    def _unsealed(self, receipt_id: str, batch: Batch) -> tuple[RefusedRow, ...]:
        if not batch.refused_count:
            return ()
        return unpack_refused(self._vault.unseal(batch.refused, sealing_context(receipt_id, batch.number)))

    def _counted(self, batch: Batch) -> tuple[Counter[State], bool]:
        found = self._states(batch.accepted)
        states: Counter[State] = Counter(row.state for row in found)
        states["refused"] += batch.refused_count
        return states, all(_is_settled(row) for row in found)

    def _states(self, rows: Sequence[Accepted]) -> list[RowState]:
        outcomes = self._records.outcomes([row.event_id for row in rows])
        versions = self._catalogue.versions({one.record_id for one in outcomes.values() if one.record_id})
        return [_state(row, outcomes.get(row.event_id), versions) for row in rows]

    def _remembered(self, receipt_id: str) -> _Settled:
        with self._lock:
            return self._settled.get(receipt_id) or _Settled()

    def _remember(self, receipt_id: str, settled: _Settled) -> None:
        with self._lock:
            self._settled[receipt_id] = settled
            self._settled.move_to_end(receipt_id)
            while len(self._settled) > REMEMBERED:
                self._settled.popitem(last=False)


def _state(row: Accepted, outcome: Outcome | None, versions: Mapping[str, int]) -> RowState:
    if outcome is None:
        return RowState(row.row, "received", row.record_id)
    record_id = outcome.record_id or row.record_id
    if outcome.effect == "claimed":
        return RowState(row.row, "curated", record_id, 0, (Problem("claimed", bilingual("ingest.claimed")),))
    if outcome.effect in ("stale", "dead"):
        return RowState(row.row, "stale" if outcome.effect == "stale" else "dead", record_id, outcome.version)
    searchable = bool(outcome.version) and versions.get(outcome.record_id, 0) >= outcome.version
    return RowState(row.row, "searchable" if searchable else "curated", record_id, outcome.version)


def _is_settled(row: RowState) -> bool:
    """Whether nothing will change the state: a withdrawal of what nobody had said makes no version."""
    return row.state in ("searchable", "stale", "dead") or (row.state == "curated" and not row.version)


def _number(row: Accepted | RefusedRow) -> int:
    return row.row if isinstance(row, Accepted) else row.number


def _numbered(page: Sequence[Accepted | RefusedRow]) -> Iterator[tuple[int, Accepted | RefusedRow]]:
    """Each row with the number of accepted rows before it."""
    at = 0
    for row in page:
        yield at, row
        at += isinstance(row, Accepted)
