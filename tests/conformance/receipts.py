"""What every receipt store must do. An adapter's test supplies `store`."""

from dataclasses import replace
from itertools import product

import pytest

from services.ingest.ports.receipts import Accepted, Batch, Belonging, Receipt, ReceiptStore
from tests.conformance.gaps import Conformance


def receipt(
    number: int, source: str = "owner", organisation: str | None = "org-a", account: str | None = "acc-1"
) -> Receipt:
    return Receipt(
        f"r{number}", source, "instrument", "ndjson", f"2026-01-01T00:00:{number:02}.000000Z", "lab",
        organisation=organisation, account=account if organisation is not None else None,
    )  # fmt: skip


def ids(store: ReceiptStore, whose: Belonging | None) -> list[str]:
    return [found.id for found in store.recent(whose)]


def batch(number: int, rows: int = 3, refused: int = 0) -> Batch:
    first = number * rows + 1
    taken = tuple(Accepted(row, f"{row:032x}", f"instrument-{row}") for row in range(first, first + rows - refused))
    return Batch(number, first, first + rows - 1, taken, b"sealed" if refused else b"", refused)


class ReceiptStoreConformance(Conformance):
    suite = "receipt store"

    def test_batches_come_back_in_order(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        for number in (0, 1, 2):
            store.add("r1", batch(number, refused=number))
        settled = store.finish("r1", "complete", 3)
        assert (settled.accepted, settled.refused, settled.progress) == (6, 3, "complete")
        assert store.get("r1") == settled
        assert list(store.batches("r1")) == [batch(number, refused=number) for number in (0, 1, 2)]
        assert [found.number for found in store.batches("r1", after_row=4)] == [1, 2]
        assert [found.number for found in store.batches("r1", with_refused=True)] == [1, 2]
        assert store.batch("r1", 1) == batch(1, refused=1)

    def test_a_batch_sent_again_replaces_the_first(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        store.add("r1", batch(0))
        store.add("r1", batch(0, refused=1))
        assert store.finish("r1", "complete", 1).refused == 1

    def test_batches_of_a_longer_earlier_attempt_are_dropped(self, store: ReceiptStore) -> None:
        store.open(receipt(1))
        store.add("r1", batch(0))
        store.add("r1", batch(1))
        assert store.finish("r1", "complete", 1).accepted == 3
        assert len(list(store.batches("r1"))) == 1

    def test_a_key_finds_the_receipt_it_opened(self, store: ReceiptStore) -> None:
        assert store.open(receipt(1), "key", "print").outcome == "new"
        assert store.open(receipt(2), "key", "print").outcome == "busy"
        assert store.open(receipt(2), "key", "other").outcome == "mismatch"
        store.finish("r1", "complete", 0)
        again = store.open(receipt(2), "key", "print")
        assert (again.outcome, again.receipt.id) == ("replayed", "r1")
        assert store.open(receipt(3, "zhejiang"), "key", "print").outcome == "new"

    def test_an_interrupted_request_goes_on_with_its_receipt(self, store: ReceiptStore) -> None:
        store.open(receipt(1), "key", "print")
        store.finish("r1", "interrupted", 0)
        again = store.open(receipt(2), "key", "print")
        assert (again.outcome, again.receipt.id) == ("resumed", "r1")

    def test_a_discarded_receipt_frees_its_key(self, store: ReceiptStore) -> None:
        store.open(receipt(1), "key", "print")
        store.discard("r1")
        assert store.get("r1") is None
        assert store.open(receipt(2), "key", "other").outcome == "new"

    def test_recent_ones_of_an_organisation_come_newest_first(self, store: ReceiptStore) -> None:
        for number, organisation in enumerate(("org-a", "org-b", "org-a", ""), 1):
            store.open(receipt(number, organisation=organisation))
        assert ids(store, None) == ["r4", "r3", "r2", "r1"]
        assert ids(store, Belonging("org-a")) == ["r3", "r1"]
        assert ids(store, Belonging("org-b", frozenset({"*"}))) == ["r2"]
        assert [found.id for found in store.recent(Belonging("org-a"), limit=1)] == ["r3"]
        assert [found.id for found in store.recent(Belonging("org-a"), before=receipt(3).created_at)] == ["r1"]
        known = store.get("r2")
        assert known is not None
        assert (known.organisation, known.account) == ("org-b", "acc-1")

    def test_of_what_was_there_before_organisations_the_sources_tell_whose_it_is(self, store: ReceiptStore) -> None:
        for number, source in enumerate(("owner", "zhejiang", "owner"), 1):
            store.open(receipt(number, source, organisation=""))
        store.open(receipt(4, organisation="org-a"))
        assert ids(store, Belonging("", frozenset({"owner"}))) == ["r3", "r1"]
        assert ids(store, Belonging("", frozenset({"*"}))) == ["r3", "r2", "r1"]
        assert ids(store, Belonging("")) == []

    def test_a_receipt_from_before_accounts_is_of_the_one_that_had_its_senders_name(self, store: ReceiptStore) -> None:
        store.open(receipt(1, organisation=None))
        store.open(receipt(2, organisation="org-a"))
        store.open(receipt(3, organisation="org-b"))
        assert ids(store, Belonging("org-a", formerly="lab")) == ["r2", "r1"]
        assert ids(store, Belonging("org-a")) == ["r2"]
        assert ids(store, Belonging("org-a", formerly="another")) == ["r2"]
        assert ids(store, None) == ["r3", "r2", "r1"]

    def test_what_belongs_to_whom_is_the_same_for_one_and_for_many(self, store: ReceiptStore) -> None:
        whose = [
            Belonging("org-a"), Belonging("", frozenset({"owner"})), Belonging("", frozenset({"*"})), Belonging(""),
            Belonging("org-b", frozenset({"owner"}), "lab"), Belonging("", frozenset(), "lab"),
        ]  # fmt: skip
        every = [
            receipt(number, source, organisation=organisation)
            for number, (source, organisation) in enumerate(product(("owner", "zhejiang"), ("org-a", "", None)), 1)
        ]
        for one in every:
            store.open(one)
        for one in whose:
            assert sorted(ids(store, one)) == [known.id for known in every if one.has(known)]

    def test_one_key_of_two_senders_never_meets(self, store: ReceiptStore) -> None:
        senders = [("owner", "org-a", "acc-1"), ("owner", "org-a", "acc-2"), ("owner", "org-b", "acc-1")]
        senders += [("zhejiang", "org-a", "acc-1"), ("owner", "", "acc-1")]
        sent = [receipt(number, *sender) for number, sender in enumerate(senders)]
        assert [store.open(one, "key", f"print of {one.id}").outcome for one in sent] == ["new"] * len(sent)
        again = [store.open(replace(one, id="again"), "key", f"print of {one.id}") for one in sent]
        assert [(one.outcome, one.receipt.id) for one in again] == [("busy", one.id) for one in sent]
        other = store.open(replace(sent[0], id="other"), "key", "print of something else")
        assert (other.outcome, other.receipt.id) == ("mismatch", "r0")

    def test_old_receipts_can_be_forgotten(self, store: ReceiptStore) -> None:
        for number in (1, 2, 3):
            store.open(receipt(number))
        assert store.forget(receipt(3).created_at) == 2
        assert [found.id for found in store.recent(None)] == ["r3"]

    def test_settling_an_unknown_receipt_is_an_error(self, store: ReceiptStore) -> None:
        with pytest.raises(LookupError):
            store.finish("nobody", "complete", 0)
