"""Single records over HTTP: what they say to whom, what changed, and what they are related to."""

from hub.kernel.records import Status
from schemas.http.catalog import Fields, Hit, LabelledField, Position
from schemas.http.parts import Model, Moment, Operations


class ShownValue(Model):
    """A value as people read it, and where it leads."""

    shown: str
    url: str | None


class ValueSource(Model):
    """The source that a value comes from."""

    id: str
    label: str
    received_at: Moment


class RecordRow(LabelledField):
    """A field of a record as people read it."""

    shown: str
    values: tuple[ShownValue, ...]
    source: ValueSource | None


class DisputedValue(Model):
    """What one source says of a field."""

    shown: str
    source: ValueSource


class Dispute(Model):
    """A field on which sources of equal authority disagree; the first value is in use."""

    field: str
    label: str
    values: tuple[DisputedValue, ...]


class Record(Model):
    """A record within what the caller may see; a withdrawn one has no fields.

    `hidden` are labels of fields that it has and the caller may not see; `names_managers`: whether the caller may say
    who manages its instrument.
    """

    id: str
    kind: str
    kind_label: str
    title: str
    second_title: str | None
    subtitle: str
    version: int
    status: Status
    created_at: Moment
    updated_at: Moment
    replaced_by: str | None
    same_as: tuple[str, ...]
    bookable: bool
    booking_refusal: str | None
    url: str
    fields: Fields
    rows: tuple[RecordRow, ...]
    conflicts: tuple[Dispute, ...]
    hidden: tuple[str, ...]
    geo: Position | None
    names_managers: bool = False


class FieldChange(LabelledField):
    """What a version changed in a field; null where there was, or is, nothing."""

    before: str | None
    after: str | None


class RecordVersion(Model):
    """A version of a record, and what it changed."""

    version: int
    status: Status
    updated_at: Moment
    changes: tuple[FieldChange, ...]


class History(Model):
    """The newest versions, newest first."""

    versions: tuple[RecordVersion, ...]


class RelatedRecord(LabelledField):
    """A record, and the field by which it is related."""

    hit: Hit


class RelatedTotal(LabelledField):
    """How many records of a kind are related by a field, as far as they were followed."""

    kind: str
    kind_label: str
    total: int


class RelatedTotals(Model):
    """Totals in both directions."""

    refers_to: tuple[RelatedTotal, ...]
    referred_by: tuple[RelatedTotal, ...]


class Related(Model):
    """What a record refers to, and what refers to it."""

    refers_to: tuple[RelatedRecord, ...]
    referred_by: tuple[RelatedRecord, ...]
    totals: RelatedTotals


OPERATIONS = Operations("catalogue")
RECORD = OPERATIONS.add(
    "get_record",
    "GET /records/{record_id}",
    "One record, by what the caller may see",
    Record,
    problems=(404,),
    cached=True,
)
HISTORY = OPERATIONS.add(
    "get_history",
    "GET /records/{record_id}/history",
    "What each version changed",
    History,
    problems=(404,),
    cached=True,
)
RELATED = OPERATIONS.add(
    "get_related",
    "GET /records/{record_id}/related",
    "What the record refers to, and what refers to it",
    Related,
    problems=(404,),
    cached=True,
)
