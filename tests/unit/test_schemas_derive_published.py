"""The published contracts: as derived, never narrowed, complete for the topics; and how publishing keeps them so."""

from pathlib import Path

import orjson
import pytest

from schemas.derive import publish
from schemas.derive.compatibility import incompatible
from schemas.derive.contracts import contracts
from schemas.derive.publish import (
    KINDS_DOCUMENT,
    PUBLISHED,
    ROOT,
    Incompatible,
    main,
    write_published,
)
from schemas.topics import contracts as topic_contracts

pytestmark = pytest.mark.unit
INSTRUMENT = PUBLISHED / "instrument.json"


def test_what_is_published_is_what_is_derived(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_a_narrower_api_is_not_published(tmp_path: Path) -> None:
    write_published(tmp_path)
    path = tmp_path / publish.OPENAPI
    earlier = orjson.loads(path.read_bytes())
    earlier["components"]["schemas"]["Booking"]["properties"]["colour"] = {"type": "string"}
    path.write_bytes(publish.written(earlier))
    with pytest.raises(Incompatible, match=r"openapi\.json: POST /api/v1/bookings answering 201: colour: "):
        write_published(tmp_path)


def test_every_event_of_every_topic_has_its_schema() -> None:
    named = {schema for contract in topic_contracts() for schema in contract.events.values()}
    missing = {name for name in named if not (ROOT / PUBLISHED / f"{name}.json").exists()}
    assert missing == set()
    for contract in topic_contracts():
        for event_type, name in contract.events.items():
            assert orjson.loads((ROOT / PUBLISHED / f"{name}.json").read_bytes())["x-event-type"] == event_type


def test_publishing_writes_once_and_checks_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert f"out of date: {INSTRUMENT}" in capsys.readouterr().err
    assert set(write_published(tmp_path)) >= {str(INSTRUMENT), str(KINDS_DOCUMENT)}
    assert write_published(tmp_path) == []
    assert main(["--check"], tmp_path) == 0


def test_a_narrower_contract_is_not_published_unless_that_was_decided(tmp_path: Path) -> None:
    write_published(tmp_path)
    earlier = orjson.loads((tmp_path / INSTRUMENT).read_bytes())
    earlier["properties"]["colour"] = {"type": "string"}
    (tmp_path / INSTRUMENT).write_bytes(publish.written(earlier))
    reason = incompatible(earlier, contracts()["instrument"])[0]
    with pytest.raises(Incompatible, match="colour: the field has been removed"):
        write_published(tmp_path)
    assert main([], tmp_path) == 1
    assert b"colour" in (tmp_path / INSTRUMENT).read_bytes()
    (tmp_path / publish.BREAKS).write_text(f'instrument.json: {{"{reason}": decided}}')
    assert write_published(tmp_path) == [str(INSTRUMENT)]


def test_a_contract_is_not_dropped_in_silence(tmp_path: Path) -> None:
    write_published(tmp_path)
    (tmp_path / PUBLISHED / "telescope.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    with pytest.raises(Incompatible, match=r"telescope\.json: the contract has been removed"):
        write_published(tmp_path)
