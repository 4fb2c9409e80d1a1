"""What a hub has said itself and gets back is nobody else's statement."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from hub.kernel.records import Submission
from schemas.kind import kind_named
from services.ingest.core.events import EventMaker
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Frame
from tests.unit.curation_memory import MemoryUnit, curate

pytestmark = pytest.mark.unit
PROJECT = kind_named("project")
FIELDS = {"number": "ECHO-1", "name_zh": "单位写的", "lead": {"name_zh": "浙江大学", "uscc": "12100000470095016Q"}}
RECORD = PROJECT.identified(FIELDS) or ""
AT = "2026-01-01T00:00:00.000000Z"


def own(record_id: str, version: int | None) -> Mapping[str, Any] | None:
    return FIELDS if record_id == RECORD and version in (1, None) else None


def sent(source: str, authority: Any, row: dict[str, Any]) -> Submission | str:
    """What a row becomes, or the code of why it is refused."""
    frame = Frame(PROJECT, source, authority, AT, 1)
    maker = EventMaker(frame, Limits(), "hub", lambda value: value, own)
    made = maker.made([Row(1, "json", orjson.dumps(row))])
    if made.refused:
        return made.refused[0].problems[0].code
    return Submission.from_bytes(made.entries[0].value or b"")


def exported(**changes: Any) -> dict[str, Any]:
    return {"_id": RECORD, "_version": 1, **FIELDS, **changes}


def test_a_record_that_comes_back_as_it_was_is_refused() -> None:
    assert sent("national", "national", exported()) == "own-word"
    assert sent("national", "national", exported(lead={"name_zh": "浙江大学"})) == "own-word"
    assert sent("national", "national", {name: value for name, value in exported().items() if name != "_version"}) == (
        "own-word"
    )


@pytest.mark.parametrize("other", [{"_version": 2}, {"_id": "project-aaaaaaaaaaaaaaaaaaaa"}, {"_id": "X-1"}])
def test_what_is_no_version_of_a_record_here_is_a_statement(other: dict[str, Any]) -> None:
    submission = sent("national", "national", exported(**other))
    assert isinstance(submission, Submission)
    assert submission.fields["name_zh"] == "单位写的"


def test_what_was_changed_is_stated_alone_and_the_owners_correction_and_withdrawal_have_effect() -> None:
    first = sent("owner", "owner", {"_id": "E1", "_version": 1, **FIELDS})
    back = sent("national", "national", exported(abstract="部里的话"))
    assert isinstance(first, Submission)
    assert isinstance(back, Submission)
    assert (back.fields, back.record_id) == ({"abstract": "部里的话"}, RECORD)
    store = curate(MemoryUnit(), [first, back])
    corrected = sent("owner", "owner", {"_id": "E1", "_version": 2, "name_zh": "单位改正"})
    assert isinstance(corrected, Submission)
    curate(store, [corrected])
    (record,) = store.current.values()
    assert (record.fields["name_zh"], record.fields["abstract"], record.conflicts) == ("单位改正", "部里的话", ())
    withdrawn = sent("owner", "owner", {"_id": "E1", "_version": 3, "_operation": "withdraw"})
    assert isinstance(withdrawn, Submission)
    curate(store, [withdrawn])
    assert store.current[RECORD].fields == {"abstract": "部里的话"}
