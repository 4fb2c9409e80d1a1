"""Who decides about an instrument's time within the organisation that holds it, and who says so."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hub.kernel.access import Principal
from hub.kernel.problems import Problem, Refusal, expecting, refusal
from hub.kernel.records import Record
from hub.ports.audit import AuditTrail, done_by
from hub.ports.clock import Clock
from hub.ports.records import RecordReader
from hub.text.messages import bilingual
from schemas.rights import DECIDERS, NAMERS, acts_for, holder_of, may_decide
from services.booking.core.policy import signed_in
from services.booking.owners import records_of
from services.booking.ports import EVERY, ManagerStore

_MANAGER = bilingual("booking.not-allowed.manager")


@dataclass(frozen=True, slots=True)
class Named:
    """The accounts that manage an instrument: those named for it, and those named for every one of its `holder`'s.

    Where there are none at all, every manager and approver of the holder decides.
    """

    instrument: str
    holder: str
    accounts: frozenset[str]
    everywhere: frozenset[str]


class Managers:
    """The managers table and the records that it is about."""

    def __init__(self, store: ManagerStore, records: RecordReader, audit: AuditTrail, clock: Clock) -> None:
        self._store = store
        self._records = records
        self._audit = audit
        self._clock = clock

    def decides(self, principal: Principal, record: Record | None) -> bool:
        """Whether the caller decides about the record's instrument; operators also where there is no record by now."""
        if record is None:
            return "operator" in principal.roles
        return record.id in self.decided(principal, [record])

    def decided(self, principal: Principal, records: Iterable[Record]) -> frozenset[str]:
        """The ids of those of the records about whose instruments the caller decides."""
        held = [record for record in records if acts_for(principal, record, DECIDERS)]
        if not held or "operator" in principal.roles:
            return frozenset(record.id for record in held)
        named = self._store.named(principal.organisation, {EVERY}.union(*map(_ids, held)))
        decided = (one for one in held if may_decide(principal, one, _among(named, {EVERY, *_ids(one)})))
        return frozenset(record.id for record in decided)

    def of(self, instrument_id: str, principal: Principal) -> Named:
        """Raises Refusal: 401; 403 for whoever is no manager of the holder; 404; 409 where nobody holds the record.

        EVERY stands for all that the caller's organisation holds.
        """
        holder, ids = self._place(instrument_id, principal)
        named = self._store.named(holder, ids | {EVERY})
        return Named(instrument_id, holder, _among(named, ids), named.get(EVERY, frozenset()))

    def name(self, instrument_id: str, accounts: Collection[str], principal: Principal) -> Named:
        """Put these accounts in the place of those named before. Raises Refusal, see `of`."""
        holder, ids = self._place(instrument_id, principal)
        for known in ids - {instrument_id}:
            self._store.name(holder, known, ())
        self._store.name(holder, instrument_id, accounts)
        subject = holder if instrument_id == EVERY else instrument_id
        names = " ".join(sorted(accounts)) or "nobody"
        self._audit.note(done_by(principal, self._clock.now(), "managers.name", subject, names))
        return self.of(instrument_id, principal)

    def _place(self, instrument_id: str, principal: Principal) -> tuple[str, frozenset[str]]:
        """The organisation whose list it is, and the ids under which it may have one."""
        signed_in(principal)
        if instrument_id == EVERY:
            _require(bool(principal.organisation) and not principal.roles.isdisjoint(NAMERS))
            return principal.organisation, frozenset({EVERY})
        record = records_of(self._records, [instrument_id]).get(instrument_id)
        if record is None:
            problem = expecting("unknown-instrument", "booking.unknown-instrument", instrument_id, "instrument")
            raise Refusal(problem, status=404)
        _require(acts_for(principal, record, NAMERS))
        holder = holder_of(record)
        if holder is None:
            raise refusal("no-holder", "booking.no-holder", instrument_id, "instrument", 409)
        return holder, _ids(record) | {instrument_id}


def _require(allowed: bool) -> None:
    if not allowed:
        raise Refusal(Problem("not-allowed", _MANAGER, field="Authorization"), status=403)


def _ids(record: Record) -> frozenset[str]:
    return frozenset({record.id, *record.same_as})


def _among(named: Mapping[str, frozenset[str]], ids: Collection[str]) -> frozenset[str]:
    return frozenset[str]().union(*(named.get(known, frozenset()) for known in ids))
