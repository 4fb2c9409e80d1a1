"""Every example record goes the whole way, and is at each step what the published contract says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.kernel.records import Record, Submission
from schemas.derive.publish import PUBLISHED, ROOT
from schemas.events.bookings import Booking, Price
from schemas.kind import kind_named, shipped_kinds
from schemas.validation import Valid, validate_json
from tests.unit.curation_memory import AT, MemoryUnit, curate, preference, same_as
from tests.unit.jsonschema_subset import faults

pytestmark = pytest.mark.unit
FOLDER = ROOT / "schemas/examples"
EXAMPLES = sorted(FOLDER.glob("*/*.json"))


def contract(name: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = orjson.loads((ROOT / PUBLISHED / f"{name}.json").read_bytes())
    return schema


def wrong(name: str, data: bytes) -> list[str]:
    """What is not as the published contract says."""
    return list(faults(contract(name), orjson.loads(data)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_becomes_a_record_and_comes_back(path: Path) -> None:
    kind = kind_named(path.parent.name)
    assert wrong(kind.name, path.read_bytes()) == []
    valid = validate_json(kind, path.read_bytes())
    assert isinstance(valid, Valid)
    assert wrong(kind.name, orjson.dumps(valid.fields)) == []
    assert validate_json(kind, orjson.dumps(valid.fields)) == valid

    record_id = kind.id_of(valid.fields, "campus", path.stem)
    said = Submission(kind.name, "campus", path.stem, 1, "upsert", "owner", record_id, valid.fields, AT)
    assert wrong("submission.v1", said.to_bytes()) == []
    assert Submission.from_bytes(said.to_bytes()) == said

    record = curate(MemoryUnit(), [said]).current[record_id]
    assert wrong("record.v1", record.to_bytes()) == []
    assert Record.from_bytes(record.to_bytes()) == record
    assert record.fields == valid.fields


def test_each_kind_has_examples_that_use_half_of_its_fields_and_are_told_of() -> None:
    sources = (FOLDER / "SOURCE.txt").read_text()
    assert {path.parent.name for path in EXAMPLES} == set(shipped_kinds())
    for name in shipped_kinds():
        used = [set(orjson.loads(path.read_bytes())) for path in EXAMPLES if path.parent.name == name]
        assert len(used) >= (1 if name == "laboratory" else 2)
        assert len(set().union(*used)) * 2 >= len(kind_named(name).model.model_fields)
    for path in EXAMPLES:
        assert path.name in sources or "示例" in path.read_text()


def test_conflicts_and_joins_are_within_the_contract_too() -> None:
    fields = {"name_zh": "示例大学"}
    first, second = "organisation-" + "a" * 20, "organisation-" + "b" * 20
    store = curate(
        MemoryUnit(),
        [
            Submission("organisation", "campus", "1", 1, "upsert", "owner", first, fields, AT),
            Submission("organisation", "city", "1", 1, "upsert", "owner", second, {"name_zh": "示例学院"}, AT),
            same_as(first, second, 1),
        ],
    )
    assert store.current[first].conflicts
    assert store.current[second].replaced_by == first
    for record in store.current.values():
        assert wrong("record.v1", record.to_bytes()) == []
        assert Record.from_bytes(record.to_bytes()) == record


def test_decisions_and_bookings_are_within_their_contracts() -> None:
    assert wrong("same-as.v1", same_as("expert-a", "expert-b", 1, "undone").to_bytes()) == []
    assert wrong("preference.v1", preference("expert-a", "name_zh", None, None, 1).to_bytes()) == []
    start, end = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (1, 2))
    booking = Booking(
        "b1", "instrument-a", start, end, "Asia/Shanghai", "requested", "试验", "示例用户", AT, AT, 1,
        Price(Decimal("300.00"), "CNY"),
    )  # fmt: skip
    assert wrong("booking.v1", booking.event_data()) == []
    assert not {"purpose", "booked_by"} & set(contract("booking.v1")["properties"])


def test_the_contracts_refuse_what_is_wrong() -> None:
    said = orjson.loads(Submission("expert", "a", "1", 1, "upsert", "owner", None, {}, AT).to_bytes())
    assert wrong("submission.v1", orjson.dumps(said | {"source_version": -1}))
    assert wrong("submission.v1", orjson.dumps(said | {"operation": "delete"}))
    assert wrong("instrument", b'{"slot_minutes": 1}')
    assert wrong("instrument", b'{"colour": "red"}')
    assert wrong("instrument", b'{"original_value": {"amount": "much"}}')
