"""The catalogue keeps up with the records, and says the same after a loss."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.entries import Entry
from hub.kernel.records import RECORDS
from hub.ports.catalogue import Document
from hub.runtime.threads import drain
from services.catalog.service import check, rebuild
from tests.integration.catalog_spine import SPECTROMETER, Spine, fill
from tests.unit.catalog_records import AT, INSTRUMENT

pytestmark = pytest.mark.integration


@pytest.fixture
def spine(tmp_path: Path) -> Iterator[Spine]:
    spine = Spine(tmp_path)
    yield spine
    spine.close()


@pytest.fixture
def filled(spine: Spine) -> Spine:
    fill(spine)
    return spine


def test_a_rebuilt_catalogue_says_the_same(filled: Spine) -> None:
    gone = filled.submit("instrument", SPECTROMETER, version=2, operation="withdraw")
    filled.settle()
    before = check(filled.records, filled.catalogue)
    assert before.equal
    told: list[int] = []
    assert rebuild(filled.records, filled.catalogue, told.append) == 6
    assert told[-1] == 6
    assert check(filled.records, filled.catalogue) == before
    assert filled.catalogue.versions([gone]) == {gone: 2}
    assert filled.catalogue.count() == 5


def test_what_the_catalogue_has_yet_to_read_is_missed_by_a_check(spine: Spine) -> None:
    spine.submit("instrument", INSTRUMENT)
    drain(spine.workers)
    assert not check(spine.records, spine.catalogue).equal
    drain([spine.sink])
    assert check(spine.records, spine.catalogue).equal


def test_what_cannot_be_read_is_buried_and_repeats_do_no_harm(filled: Spine) -> None:
    consumer = filled.log.consumer("reader", [RECORDS])
    again = [Entry(entry.key, entry.value, entry.headers) for entry in consumer.poll(100, 0)]
    unknown = CloudEvent("x@1", "hub", "cn.research-hub.record.v1", "ship-1", AT, b'{"id": "ship-1"}').as_entry()
    before = filled.catalogue.digest()
    filled.log.append(RECORDS, [Entry(b"k", b"{"), unknown, *again])
    filled.settle()
    assert filled.catalogue.digest() == before
    letters = filled.log.consumer("letters", [dead_letter_topic(RECORDS)])
    assert [dict(letter.headers)["reason_code"] for letter in letters.poll(10, 0)] == [b"no-event", b"bad-data"]
    for closing in (consumer, letters):
        closing.close()


def test_a_step_that_breaks_off_is_done_again(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    spine.submit("instrument", INSTRUMENT)
    spine.submit("instrument", SPECTROMETER)
    drain(spine.workers)
    apply = spine.catalogue.apply

    def broken(documents: list[Document]) -> int:
        apply(documents)
        raise OSError("the power went")

    monkeypatch.setattr(spine.catalogue, "apply", broken)
    with pytest.raises(OSError, match="power"):
        spine.sink.step(0)
    assert spine.sink.lag() == 2
    monkeypatch.undo()
    assert spine.sink.step(0) == 2
    assert spine.sink.lag() == 0
    assert check(spine.records, spine.catalogue).equal
