"""Receipts: what a sender was told about each row, kept so that it can be looked up, mended and sent again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from schemas.http.ingest import Progress


class Accepted(NamedTuple):
    """A row that went to the log as event `event_id`; `row` counts as the sender's file does."""

    row: int
    event_id: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request. `created_at` is RFC 3339, UTC, and the rows' time of arrival; `sender` is the name of who sent it.

    It belongs to the sender's organisation and account; both are None where it is from before accounts had ids.
    `record_id` of an accepted row may be empty: a withdrawal that names only the source's own id. `replayed` tells that
    the answer to an earlier request is given again; it is not kept.
    """

    id: str
    source: str
    kind: str
    format: str
    created_at: str
    sender: str = ""
    progress: Progress = "receiving"
    accepted: int = 0
    refused: int = 0
    organisation: str | None = None
    account: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose receipts are meant: an organisation's, and those from before accounts had ids of the sender `formerly`.

    What was there before organisations belongs to one without a name, whose members are told apart by their `sources`.
    """

    organisation: str
    sources: frozenset[str] = frozenset()
    formerly: str = ""

    def has(self, receipt: Receipt) -> bool:
        if receipt.organisation is None:
            return bool(self.formerly) and receipt.sender == self.formerly
        return receipt.organisation == self.organisation and (
            bool(self.organisation) or receipt.source in self.sources or "*" in self.sources
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were handled together, numbered 0, 1, 2 … within the receipt.

    `refused` is the sealed list of refused rows: rows may hold private values, so the store never sees them open.
    """

    number: int
    first_row: int
    last_row: int
    accepted: tuple[Accepted, ...]
    refused: bytes = b""
    refused_count: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a request to open a receipt.

    `new`: go on; `resumed`: the same request broke off earlier, go on with the receipt it had; `replayed`: it was
    complete, answer with it; `busy`: it is being handled just now; `mismatch`: the key was used for other content.
    """

    outcome: Literal["new", "resumed", "replayed", "busy", "mismatch"]
    receipt: Receipt


class ReceiptStore(Protocol):
    """Durable when each method returns."""

    def open(self, receipt: Receipt, key: str = "", fingerprint: str = "") -> Opened:
        """Store a new receipt, or find the one that its account opened before with the same idempotency key.

        That is for its source and organisation: what others call by the same key is nothing to it.
        """

    def add(self, receipt_id: str, batch: Batch) -> None:
        """Store a batch, in place of one with the same number; also shows that the request is alive."""

    def finish(self, receipt_id: str, progress: Progress, batches: int) -> Receipt:
        """Settle the receipt's progress and totals over its first `batches` batches; later ones, left by an earlier
        attempt, are dropped. LookupError where there is no such receipt."""

    def discard(self, receipt_id: str) -> None:
        """Forget a receipt of which no row was handled, and its key."""

    def get(self, receipt_id: str) -> Receipt | None: ...

    def batch(self, receipt_id: str, number: int) -> Batch | None: ...

    def batches(self, receipt_id: str, after_row: int = -1, *, with_refused: bool = False) -> Iterator[Batch]:
        """The batches with rows after that one, in order; bounded memory. `with_refused`: only those with such rows."""

    def recent(self, whose: Belonging | None, limit: int = 50, before: str = "") -> list[Receipt]:
        """Newest first, of these (None: of all), opened before that time where one is given."""

    def forget(self, before: str, limit: int = 100) -> int:
        """Drop at most `limit` receipts opened before that time; returns how many."""

    def close(self) -> None: ...
