"""What every store of instruments' managers must do. An adapter's test supplies `reopened`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.booking.ports import EVERY, ManagerStore
from tests.conformance.gaps import Conformance


class ManagerStoreConformance(Conformance):
    suite = "managers"

    def test_those_named_are_told_by_instrument(self, reopened: Callable[[], ManagerStore]) -> None:
        store = reopened()
        store.name("org-a", "i1", ["acc-1", "acc-2", "acc-1"])
        store.name("org-a", EVERY, ["acc-3"])
        store.name("org-a", "i2", ["acc-4"])
        told = {"i1": frozenset({"acc-1", "acc-2"}), EVERY: frozenset({"acc-3"})}
        assert store.named("org-a", ["i1", EVERY, "i9"]) == told
        assert reopened().named("org-a", {"i1", EVERY}) == told
        assert store.named("org-a", []) == {}

    def test_what_one_organisation_names_is_nothing_to_another(self, reopened: Callable[[], ManagerStore]) -> None:
        store = reopened()
        store.name("org-a", "i1", ["acc-1"])
        store.name("org-b", "i1", ["acc-2"])
        assert store.named("org-b", ["i1"]) == {"i1": frozenset({"acc-2"})}
        store.name("org-b", "i1", [])
        assert store.named("org-b", ["i1"]) == {}
        assert store.named("org-a", ["i1"]) == {"i1": frozenset({"acc-1"})}
        assert store.named("", ["i1"]) == {}

    def test_a_list_takes_the_place_of_the_one_before(self, reopened: Callable[[], ManagerStore]) -> None:
        store = reopened()
        store.name("org-a", "i1", ["acc-1", "acc-2"])
        store.name("org-a", "i1", ["acc-2", "acc-3"])
        assert store.named("org-a", ["i1"]) == {"i1": frozenset({"acc-2", "acc-3"})}
        lists = [[f"acc-{number}", f"acc-{number}-too"] for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda accounts: store.name("org-a", "i1", accounts), lists))
        assert store.named("org-a", ["i1"])["i1"] in [frozenset(accounts) for accounts in lists]

    def test_what_cannot_be_stored_is_named_nowhere(self, reopened: Callable[[], ManagerStore]) -> None:
        store = reopened()
        store.name("org-a", "i1", ["acc-1", "\0"])
        assert store.named("org-a", ["i1", "\0"]) == {"i1": frozenset({"acc-1"})}
