"""Curation over HTTP, for stewards: conflicts, duplicates, and the decisions about them."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from hub.kernel.contributions import SameAsDecision
from hub.kernel.records import Authority
from schemas.http.parts import Body, Model, Moment, Operations, Parameters

PAGE_LIMIT = 100
_Text = Annotated[str, Field(min_length=1, max_length=512)]


class SourceRecord(Model):
    """A source's part in a record."""

    source: str
    source_label: str
    source_record_id: str
    authority: Authority
    received_at: Moment
    organisation: str = Field("", description="for which organisation the source spoke; empty where for itself")


class SourceValue(SourceRecord):
    """What one source says of a field; `in_use` is the value that the record has."""

    value: JsonValue
    shown: str
    in_use: bool


class DisputedField(Model):
    """A field on which sources of equal authority disagree."""

    field: str
    label: str
    values: tuple[SourceValue, ...]


class RecordHead(Model):
    """A record by what people call it."""

    id: str
    kind: str
    kind_label: str
    title: str
    version: int
    updated_at: Moment
    url: str


class DisputedRecord(RecordHead):
    """A record whose sources disagree."""

    fields: tuple[DisputedField, ...]


class ConflictPage(Model):
    """Records with conflicts; `next` is the `after` of the following page."""

    conflicts: tuple[DisputedRecord, ...]
    next: str | None


class RecordIdentifier(Model):
    """An identifier of a record."""

    field: str
    label: str
    value: str


class RecordSummary(RecordHead):
    """What tells a record from one of the same name."""

    subtitle: str
    identifiers: tuple[RecordIdentifier, ...]
    sources: tuple[SourceRecord, ...]


class AlikeField(Model):
    """A field that two records have alike."""

    field: str
    label: str


class RecordPair(Model):
    """Two records that may be one thing, and why: an identifier that both have, a resemblance that identifiers do not
    rule out, or a name.
    """

    left: RecordSummary
    right: RecordSummary
    sign: Literal["identifier", "resemblance", "name"] = "name"
    alike: tuple[AlikeField, ...] = ()


class DuplicatePage(Model):
    """Pairs that nobody has decided on; `next` is the `after` of the following page."""

    duplicates: tuple[RecordPair, ...]
    next: str | None


class SameAsDecided(Model):
    """A decision on a pair."""

    left: str
    right: str
    decision: SameAsDecision
    decided_by: str
    decided_at: Moment


class PreferenceDecided(Model):
    """A decision on which source to believe about a field; both null where it is undone."""

    record_id: str
    field: str
    source: str | None
    source_record_id: str | None
    decided_by: str
    decided_at: Moment
    organisation: str = ""
    in_force: bool = Field(True, description="false where sources have said something else since")


class DecidedPair(Model):
    """The decision that was taken down; it is in force once curation has read it."""

    same_as: SameAsDecided


class DecidedField(Model):
    """The decision that was taken down; it is in force once curation has read it."""

    preference: PreferenceDecided


class Decisions(Model):
    """The stewards' decisions in force about a record."""

    same_as: tuple[SameAsDecided, ...]
    preferences: tuple[PreferenceDecided, ...]


class NewPreference(Body):
    """Whom to believe about a field; both sources null undo the decision."""

    field: _Text
    source: _Text | None
    source_record_id: _Text | None
    organisation: Annotated[str, Field(max_length=512)] = ""


class NewSameAs(Body):
    """Whether two record ids name one thing."""

    left: _Text
    right: _Text
    decision: SameAsDecision


class ConflictsQuery(Parameters):
    """Of which kind (all, where none is named), and where to go on."""

    kind: str | None = None
    after: str = Field("", description="the `next` of the page before")
    limit: int = Field(20, ge=1, le=PAGE_LIMIT)


class DuplicatesQuery(Parameters):
    """Where to go on; a page has about `limit` pairs."""

    after: str = Field("", description="the `next` of the page before")
    limit: int = Field(20, ge=1, le=PAGE_LIMIT)


OPERATIONS = Operations("curation")
CONFLICTS = OPERATIONS.add(
    "list_conflicts",
    "GET /conflicts",
    "Records whose sources disagree with equal authority",
    ConflictPage,
    query=ConflictsQuery,
    problems=(400, 403, 422),
    token=True,
)
DUPLICATES = OPERATIONS.add(
    "list_duplicates",
    "GET /duplicates",
    "Pairs of records that may be one thing",
    DuplicatePage,
    query=DuplicatesQuery,
    problems=(400, 403, 422),
    token=True,
)
PREFER = OPERATIONS.add(
    "prefer_source",
    "POST /records/{record_id}/preferences",
    "Believe one source about a field",
    DecidedField,
    status=202,
    body=NewPreference,
    problems=(403, 404, 409, 422),
    token=True,
)
DECISIONS = OPERATIONS.add(
    "list_decisions",
    "GET /records/{record_id}/decisions",
    "The stewards' decisions in force about a record",
    Decisions,
    problems=(403, 404),
    token=True,
)
SAME_AS = OPERATIONS.add(
    "decide_same_as",
    "POST /same-as",
    "Say whether two records are one thing",
    DecidedPair,
    status=202,
    body=NewSameAs,
    problems=(403, 404, 409, 422),
    token=True,
)
