"""What people may ask the hub about itself: what it keeps of them, and who saw it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select, update

from hub.kernel.access import Principal
from hub.kernel.contributions import Contribution
from hub.kernel.problems import refusal
from hub.kernel.records import Record
from hub.ports.audit import Action, done_by
from hub.ports.clock import Clock, rfc3339
from hub.ports.personal import Consent
from hub.ports.records import RecordStore
from hub.sql.statements import SqlDatabase, insert_into
from schemas.http import audit as contract
from schemas.views.personal import tokens_in
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.ports import AuditStore, Selection
from services.privacy.tables import consents

VERSIONS_LIMIT = 100_000
ACCESSES_LIMIT = 1_000


class People:
    """What the hub keeps of a person, by the id of the person's record: handed out, and erased."""

    def __init__(
        self, personal: SqlPersonalValues, database: SqlDatabase, records: RecordStore, audit: AuditStore, clock: Clock
    ) -> None:
        self._personal = personal
        self._database = database
        self._records = records
        self._audit = audit
        self._clock = clock

    def export(self, person: str, caller: Principal) -> contract.PersonData:
        """All that is kept of the person, opened, and who read it. Refusal (404)."""
        records, contributions = kept_of(person, self._records)
        values = self._personal.open({*_tokens(records, contributions)})
        self._note(caller, "person.export", person)
        seen = self._audit.entries(Selection(subject=person), ACCESSES_LIMIT)
        return contract.PersonData(
            id=person,
            versions=tuple(
                contract.PersonVersion(
                    id=record.id,
                    version=record.version,
                    updated_at=record.updated_at,
                    fields=_replaced(record.fields, values),
                )
                for record in records
            ),
            statements=tuple(statement_view(stated, values) for stated in contributions),
            consents=self._consents(person),
            accesses=tuple(contract.AuditEntry.model_validate(entry, from_attributes=True) for entry in seen),
        )

    def erase(self, person: str, reason: str, caller: Principal) -> contract.Erased:
        """Destroy the keys of all that is kept of the person. Refusal (404)."""
        records, contributions = kept_of(person, self._records)
        subjects = {person, *(record.id for record in records), *(_subject(one) for one in contributions)} - {""}
        subjects |= self._personal.subjects({*_tokens(records, contributions)})
        self._personal.erase(subjects, reason)
        with self._database.writing() as sql:
            gone = update(consents).where(consents.c.subject.in_(subjects), consents.c.withdrawn_at.is_(None))
            sql.execute(gone.values(withdrawn_at=rfc3339(self._clock.now())))
        self._note(caller, "person.erase", person, reason)
        return contract.Erased(id=person, subjects=tuple(sorted(subjects)))

    def consent(self, person: str, purpose: str, caller: Principal) -> contract.PersonConsents:
        """Keep that the person agreed; what is said of somebody who was erased is kept again. Refusal (404)."""
        kept_of(person, self._records)
        given = {"subject": person, "purpose": purpose, "given_at": rfc3339(self._clock.now())}
        with self._database.writing() as sql:
            sql.execute(insert_into(sql.dialect.name, consents).on_conflict_do_nothing(), given)
        self._personal.readmit([person])
        self._note(caller, "person.consent", person, purpose)
        return contract.PersonConsents(id=person, consents=self._consents(person))

    def _consents(self, person: str) -> tuple[contract.PersonConsent, ...]:
        columns = consents.c.purpose, consents.c.given_at, consents.c.withdrawn_at
        with self._database.reading() as sql:
            rows = sql.execute(select(*columns).where(consents.c.subject == person).order_by(consents.c.given_at))
            kept = [Consent(*row) for row in rows]
        return tuple(contract.PersonConsent.model_validate(one, from_attributes=True) for one in kept)

    def _note(self, caller: Principal, action: Action, subject: str, detail: str = "") -> None:
        self._audit.note(done_by(caller, self._clock.now(), action, subject, detail))


def kept_of(person: str, store: RecordStore) -> tuple[list[Record], list[Contribution]]:
    """Every version of the person's record and of those joined to it, and what sources say now. Refusal (404)."""
    ids: set[str] = set()
    waiting = {person}
    while waiting:
        found = store.get(waiting).values()
        ids |= waiting
        waiting = {other for one in found for other in (*one.same_as, one.replaced_by) if other} - ids
    records = [version for one in sorted(ids) for version in store.history(one, VERSIONS_LIMIT)]
    if not records:
        raise refusal("unknown-record", "catalog.unknown-record.id-record-exists", person, "id", 404)
    with store.batch() as unit:
        return records, list(unit.contributions(ids))


def statement_view(stated: Contribution, values: Mapping[str, Any]) -> contract.PersonStatement:
    """What a source says, with these values in place of their tokens."""
    return contract.PersonStatement(
        source=stated.source,
        source_record_id=stated.source_record_id,
        received_at=stated.received_at,
        fields=_replaced(stated.fields, values),
    )


def _subject(contribution: Contribution) -> str:
    return contribution.claim.record_id or ""


def _tokens(records: Collection[Record], contributions: Collection[Contribution]) -> Iterator[str]:
    for record in records:
        yield from tokens_in(record.fields)
        yield from tokens_in([value for conflict in record.conflicts for _, value in conflict.values])
    for contribution in contributions:
        yield from tokens_in(contribution.fields)


def _replaced(value: Any, values: Mapping[str, Any]) -> Any:
    """The value with those in place of their tokens."""
    if isinstance(value, str):
        return values.get(value, value)
    if isinstance(value, Mapping):
        return {name: _replaced(member, values) for name, member in value.items()}
    return [_replaced(item, values) for item in value] if isinstance(value, list | tuple) else value
