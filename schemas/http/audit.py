"""The audit trail over HTTP, and what the hub keeps of a person."""

from typing import Annotated, Any

from pydantic import Field

from schemas.http.parts import Body, Model, Moment, Operations, Parameters

PAGE_LIMIT = 500
LINES = "application/x-ndjson"
_Text = Annotated[str, Field(min_length=1, max_length=500)]


class AuditEntry(Model):
    """Who did what to what. `hash` is SHA-256 over the hash of the entry before it and this one in canonical JSON."""

    number: int
    at: Moment
    account: str
    organisation: str
    credential: str
    action: str
    subject: str
    outcome: str
    detail: str
    hash: str


class AuditPage(Model):
    """The newest first; `next` is the `before` of the next page."""

    entries: tuple[AuditEntry, ...]
    next: int | None


class AuditQuery(Parameters):
    """Entries before a number, of a subject, of an action; 0 and empty select all."""

    before: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50
    subject: Annotated[str, Field(max_length=500)] = ""
    action: Annotated[str, Field(max_length=100)] = ""


class PersonVersion(Model):
    """A version of the person's record, its private values opened as far as they can be."""

    id: str
    version: int
    updated_at: Moment
    fields: dict[str, Any]


class PersonStatement(Model):
    """What a source says of the person now."""

    source: str
    source_record_id: str
    received_at: Moment
    fields: dict[str, Any]


class PersonConsent(Model):
    """For what the person agreed that the hub keeps its values, and when."""

    purpose: str
    given_at: Moment
    withdrawn_at: Moment | None


class PersonConsents(Model):
    """All that the person agreed to."""

    id: str
    consents: tuple[PersonConsent, ...]


class PersonData(Model):
    """All that is kept of a person; `accesses` tell who read it, the newest first."""

    id: str
    versions: tuple[PersonVersion, ...]
    statements: tuple[PersonStatement, ...]
    consents: tuple[PersonConsent, ...]
    accesses: tuple[AuditEntry, ...]


class Erasure(Body):
    """Why the person's values are erased."""

    reason: _Text


class Erased(Model):
    """`subjects` are the ids under which the person was submitted, whose keys are destroyed."""

    id: str
    subjects: tuple[str, ...]


class NewConsent(Body):
    """What the person agrees to."""

    purpose: _Text


OPERATIONS = Operations("audit")
AUDIT = OPERATIONS.add(
    "list_audit_entries",
    "GET /audit",
    "What happened that concerns the caller",
    AuditPage,
    query=AuditQuery,
    problems=(400, 401, 403),
    token=True,
)
AUDIT_LINES = OPERATIONS.add(
    "export_audit_entries",
    "GET /audit/export",
    "All that concerns the caller, a line of JSON an entry",
    bytes,
    media=(LINES,),
    problems=(401, 403),
    token=True,
)
PERSON = OPERATIONS.add(
    "export_person", "GET /people/{person_id}", "All that is kept of a person", PersonData, problems=(403, 404),
    token=True,
)  # fmt: skip
ERASE = OPERATIONS.add(
    "erase_person",
    "POST /people/{person_id}/erasure",
    "Erase a person's private values everywhere",
    Erased,
    body=Erasure,
    problems=(403, 404, 422),
    token=True,
)
CONSENT = OPERATIONS.add(
    "record_consent",
    "POST /people/{person_id}/consents",
    "Keep that a person agreed to a purpose",
    PersonConsents,
    status=201,
    body=NewConsent,
    problems=(403, 404, 422),
    token=True,
)
