"""The audit trail over HTTP, and what the hub keeps of a person."""

from datetime import date
from typing import Annotated, Any, Literal

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


class ReadEntry(AuditEntry):
    """The same as people read it: the action and its outcome in words, names in place of ids where there are any."""

    who: str = ""
    of: str = Field("", description="what the organisation for which it was done is called")
    what: str = ""
    to: str = Field("", description="what it was done to")
    how: str = ""
    further: str = Field("", description="the detail in words")


class AuditPage(Model):
    """The newest first; `next` is the `before` of the next page."""

    entries: tuple[ReadEntry, ...]
    next: int | None


class AuditFilter(Parameters):
    """Of a subject, an action, an account, an organisation (ids), an outcome, in days of the hub's time zone, the last
    one included; what is empty selects all.
    """

    subject: Annotated[str, Field(max_length=500)] = ""
    action: Annotated[str, Field(max_length=100)] = ""
    account: Annotated[str, Field(max_length=200)] = ""
    organisation: Annotated[str, Field(max_length=200)] = ""
    outcome: Literal["", "done", "refused", "throttled"] = ""
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")


class AuditQuery(AuditFilter):
    """Entries before a number; 0 selects all."""

    before: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class AuditExportQuery(AuditFilter):
    """`ndjson`: entries as they are kept, which can be verified; `csv`: the same with words for people."""

    format: Literal["ndjson", "csv"] = "ndjson"


class AuditChain(Model):
    """Whether every entry up to `number`, of the time `at`, is as it was noted, when that was last looked at.

    `state` says what is wrong with the first that is not: it was `changed`, is `missing`, or was `cut` off at the end.
    `away`: files of older entries that are kept elsewhere, which are taken at their word.
    """

    state: Literal["whole", "changed", "missing", "cut"]
    number: int
    at: Moment | None
    checked_at: Moment
    away: tuple[str, ...]


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
    problems=(400, 401, 403, 422),
    token=True,
)
AUDIT_LINES = OPERATIONS.add(
    "export_audit_entries",
    "GET /audit/export",
    "All that concerns the caller, a line of JSON an entry, or a table",
    bytes,
    query=AuditExportQuery,
    media=(LINES, "text/csv"),
    problems=(401, 403, 422),
    token=True,
)
AUDIT_CHAIN = OPERATIONS.add(
    "check_audit_chain",
    "GET /audit/chain",
    "Whether the audit trail is as it was noted",
    AuditChain,
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
