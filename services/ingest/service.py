"""Taking what sources send: check it, keep its private values apart, append it to the log, and give a receipt."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO
from uuid import uuid4

from hub.kernel.access import Principal
from hub.kernel.canonical import canonical_json
from hub.kernel.problems import Refusal, expecting, refusal
from hub.kernel.records import SUBMISSIONS, Operation
from hub.kernel.sources import Source, Sources
from hub.kernel.versions import source_version
from hub.observability import metrics, tracing
from hub.ports.audit import AuditTrail, done_by
from hub.ports.catalogue import Catalogue
from hub.ports.clock import Clock, rfc3339
from hub.ports.eventlog import EventLog
from hub.ports.personal import PersonalValues
from hub.ports.records import RecordReader
from schemas.kind import Kind
from services.ingest.admission import kind_called, source_for
from services.ingest.core.events import EventMaker
from services.ingest.core.idempotency import KEY_LIMIT
from services.ingest.core.refused import RefusedRow, pack_refused
from services.ingest.core.rows import Limits, Row, batched
from services.ingest.core.submissions import Frame, Refused
from services.ingest.formats.base import SNIFF_BYTES, Format
from services.ingest.formats.registry import chosen
from services.ingest.outcomes import Outcomes, sealing_context
from services.ingest.ports.receipts import Batch, Opened, Receipt, ReceiptStore
from services.ingest.ports.vault import Vault

log = logging.getLogger("hub.ingest")
OPERATIONS: tuple[Operation, ...] = ("upsert", "withdraw")
CHUNK_BYTES = 2**20
OWN_VERSIONS = 100
"""Of a record, in which a row that was exported is looked for."""
RETRY_SECONDS = 5
NOTED_SUBJECTS = 20
"""Of a batch: an entry each in the audit trail for so many, else one for all."""


class Busy(Refusal):
    """The request is being handled just now (409); `retry_after` seconds from now it may be done."""


class Interrupted(Refusal):
    """The request broke off at a fault of the hub's (503); sent again with its key it goes on where it was."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request beside its body; it has been admitted."""

    kind: Kind
    source: Source
    operation: Operation
    sender: Principal

    @property
    def speaker(self) -> str:
        """The organisation that the rows are spoken for; a source that is no owner's speaks for itself (`""`)."""
        return self.sender.organisation if self.source.authority == "owner" else ""


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far an earlier attempt at the request came: what its receipt has is in the log."""

    batches: int = 0
    rows: int = 0


class Ingest:
    """The ingest service. Safe for any number of threads; memory is bounded whatever a body's length."""

    def __init__(  # noqa: PLR0917 - the composition root's order
        self,
        event_log: EventLog,
        receipts: ReceiptStore,
        vault: Vault,
        personal: PersonalValues,
        audit: AuditTrail,
        sources: Sources,
        records: RecordReader,
        catalogue: Catalogue,
        clock: Clock,
        limits: Limits,
        event_source: str,
    ) -> None:
        self._log = event_log
        self._receipts = receipts
        self._vault = vault
        self._personal = personal
        self._audit = audit
        self._sources = sources
        self._clock = clock
        self._records = records
        self._event_source = event_source
        self.limits = limits
        self.outcomes = Outcomes(receipts, vault, records, catalogue)

    def admitted(self, kind: str, source: str, principal: Principal, operation: str = "upsert") -> Request:
        """Whether the principal may send this at all, before the body is looked at.

        Raises Refusal: 401 or 403 by who asks, 404 for an unknown kind, 422 for a wrong source or operation.
        """
        its_source = source_for(principal, source, self._sources)
        its_kind = kind_called(kind)
        wanted = next((known for known in OPERATIONS if known == operation), None)
        if wanted is None:
            known = ", ".join(OPERATIONS)
            raise refusal("bad-operation", "ingest.interrupted", operation, "operation", known=known)
        return Request(its_kind, its_source, wanted, principal)

    def receive(
        self,
        body: BinaryIO,
        kind: str,
        source: str,
        principal: Principal,
        *,
        operation: str = "upsert",
        format_name: str = "",
        media_type: str = "",
        file_name: str = "",
        key: str = "",
    ) -> Receipt:
        """Take a document, a seekable stream at its start, to its end.

        `key` is an idempotency key: with it a repeat gets the same receipt, `replayed`, and a request that broke off
        goes on. Raises Refusal as `admitted`, or where the document cannot be read at all; Busy; Interrupted.
        """
        request = self.admitted(kind, source, principal, operation)
        start = body.read(SNIFF_BYTES)
        body.seek(0)
        form = chosen(format_name, media_type, file_name, start, request.kind)
        opened = self._opened(request, form, body, key)
        if opened.outcome == "replayed":
            return replace(opened.receipt, replayed=True)
        with tracing.span("ingest.receive", kind=kind, source=source, receipt=opened.receipt.id):
            return self._taken(request, form, body, opened)

    def _opened(self, request: Request, form: Format, body: BinaryIO, key: str) -> Opened:
        arrived = rfc3339(self._arrived())
        names = (request.source.id, request.kind.name, form.name)
        sender = request.sender
        receipt = Receipt(
            uuid4().hex, *names, arrived, sender.name, organisation=sender.organisation, account=sender.account
        )
        fingerprint = self._fingerprint([*names, request.operation], body) if key else ""
        opened = self._receipts.open(receipt, key[:KEY_LIMIT], fingerprint)
        if opened.outcome == "mismatch":
            raise refusal("idempotency-key-reused", "ingest.interrupted.new-key-each-request", key, "Idempotency-Key")
        if opened.outcome == "busy":
            raise Busy(
                expecting("request-in-progress", "ingest.interrupted.wait-until-request-same", key, "Idempotency-Key"),
                status=409,
                retry_after=RETRY_SECONDS,
            )
        return opened

    def _arrived(self) -> datetime:
        """Now, or after the versions that the last request's rows were given, where the clock has been set back."""
        now = self._clock.now()
        last = next(iter(self._receipts.recent(None, 1)), None)
        if last is None:
            return now
        rows = timedelta(microseconds=last.accepted + last.refused + 1)
        return max(now, datetime.fromisoformat(last.created_at) + rows)

    def _own_word(self, record_id: str, version: int | None) -> Mapping[str, Any] | None:
        versions = self._records.history(record_id, 1 if version is None else OWN_VERSIONS)
        return next((record.fields for record in versions if version in (None, record.version)), None)

    def _fingerprint(self, names: list[str], body: BinaryIO) -> str:
        digest = sha256()
        while chunk := body.read(CHUNK_BYTES):
            digest.update(chunk)
        body.seek(0)
        return self._vault.fingerprint(canonical_json([*names, digest.hexdigest()]))

    def _taken(self, request: Request, form: Format, body: BinaryIO, opened: Opened) -> Receipt:
        receipt_id = opened.receipt.id
        reached = self._reached(receipt_id) if opened.outcome == "resumed" else _Reached()
        number = reached.batches
        try:
            rows = islice(form.read(body, request.kind, self.limits), reached.rows, None)
            frame = self._frame(request, opened.receipt)
            maker = EventMaker(frame, self.limits, self._event_source, self._personal.sealers, self._own_word)
            for batch in batched(rows, self.limits.batch_rows):
                refused = self._take(receipt_id, number, batch, maker, request.sender)
                metrics.rows(request.kind.name, len(batch) - refused, refused)
                number += 1
        except Refusal:
            self._given_up(receipt_id, number)
            raise
        except Exception as error:
            log.exception("receipt %s broke off after %d batches", receipt_id, number)
            raise self._interrupted(receipt_id, number) from error
        return self._receipts.finish(receipt_id, "complete", number)

    def _take(self, receipt_id: str, number: int, rows: list[Row], maker: EventMaker, caller: Principal) -> int:
        """Handle one batch; the receipt tells of it only once its events are in the log. Returns the refused rows."""
        made = maker.made(rows)
        if made.subjects:
            self._note(receipt_id, made.subjects, caller)
        if made.entries:
            self._log.append(SUBMISSIONS, made.entries)
        sealed = self._sealed(made.refused, sealing_context(receipt_id, number))
        self._receipts.add(
            receipt_id,
            Batch(number, rows[0].number, rows[-1].number, made.accepted, sealed, len(made.refused)),
        )
        return len(made.refused)

    def _note(self, receipt_id: str, subjects: frozenset[str], caller: Principal) -> None:
        """Whom private values that came are about; where they are many, the receipt, which tells each of them."""
        about = sorted(subjects)
        for subject in about if len(about) <= NOTED_SUBJECTS else (f"receipt {receipt_id}",):
            detail = f"receipt {receipt_id}, {len(about)} subjects"
            self._audit.note(done_by(caller, self._clock.now(), "personal.change", subject, detail))

    def _sealed(self, refused: list[Refused], context: str) -> bytes:
        if not refused:
            return b""
        kept = (
            RefusedRow.of(row, tuple(problem.at_row(row.number) for problem in problems)) for row, problems in refused
        )
        return self._vault.seal(pack_refused(kept), context)

    def _frame(self, request: Request, receipt: Receipt) -> Frame:
        """The receipt's time is the rows' time of arrival, so that a request that goes on makes the same events."""
        return Frame(
            kind=request.kind,
            source=request.source.id,
            authority=request.source.authority,
            received_at=receipt.created_at,
            version=source_version(datetime.fromisoformat(receipt.created_at)),
            operation=request.operation,
            organisation=request.speaker,
            versions=request.source.versions,
        )

    def _reached(self, receipt_id: str) -> _Reached:
        batches = rows = 0
        for batch in self._contiguous(receipt_id):
            batches += 1
            rows += len(batch.accepted) + batch.refused_count
        return _Reached(batches, rows)

    def _contiguous(self, receipt_id: str) -> Iterator[Batch]:
        for number, batch in enumerate(self._receipts.batches(receipt_id)):
            if batch.number != number:
                return
            yield batch

    def _given_up(self, receipt_id: str, batches: int) -> None:
        """A document that cannot be read leaves no receipt, unless part of it had been read before."""
        if batches:
            self._receipts.finish(receipt_id, "interrupted", batches)
        else:
            self._receipts.discard(receipt_id)

    def _interrupted(self, receipt_id: str, batches: int) -> Interrupted:
        try:
            self._receipts.finish(receipt_id, "interrupted", batches)
        except Exception:
            # Without its mark the receipt is taken for dead once nothing has been heard of it for a while.
            log.exception("receipt %s could not be marked as interrupted", receipt_id)
        problem = expecting("interrupted", "ingest.interrupted.same-request-again-idempotency")
        return Interrupted(problem, status=503, retry_after=RETRY_SECONDS)
