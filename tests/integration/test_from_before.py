"""What is from before accounts had ids is found by whom it is, and given to an account where it is nobody's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.main import main
from app.cli.noting import OPERATOR
from app.composition import compose
from app.operations.sealing_places import OF_A_NAME
from hub.kernel.access import ProviderPerson
from hub.ports.clock import ManualClock
from hub.runtime.manifest import PERSONAL
from hub.runtime.settings import Settings
from schemas.events.bookings import Booking
from services.accounts.manifest import ACCOUNTS
from services.accounts.sign_in import Whence
from services.booking.manifest import BOOKING_STORE
from services.catalog.manifest import SAVED_SEARCHES
from services.catalog.ports import SavedSearch
from services.ingest.manifest import RECEIPT_STORE
from services.ingest.ports.receipts import Receipt
from tests.integration.accounts_site import START, Person, Site
from tests.noted import Noted

pytestmark = pytest.mark.integration
ISSUER, AT = "https://idp.example.org", "2026-01-01T00:00:00.000000Z"
NAME = "li-7@idp.example.org"
"""As releases without accounts called the subject li-7 of that provider."""
PERSON = ProviderPerson(ISSUER, "li-7", NAME, roles=frozenset({"member", "submitter"}), sources=frozenset({"owner"}))


def filled(folder: Path, name: str) -> None:
    """A booking, a receipt and a search that are kept under a name alone."""
    hub = compose(Settings(data_dir=folder), ManualClock(START), ("accounts", "booking", "catalog", "ingest"))
    start, end = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (1, 2))
    booking = Booking(f"booking-{name}", "instrument-1", start, end, "UTC", "confirmed", "样品", name, AT, AT)
    hub.get(BOOKING_STORE).add(booking, "key-1")
    hub.get(SAVED_SEARCHES).add(SavedSearch(f"s-{name}", name, "光谱", "q=x", AT))
    receipt = Receipt(f"r-{name}", "owner", "expert", "json", AT, name, organisation=None, account=None)
    hub.get(RECEIPT_STORE).open(receipt)
    hub.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    filled(tmp_path, NAME)
    clock = ManualClock(START)
    hub = compose(Settings(data_dir=tmp_path), clock)
    try:
        yield Site(hub, clock, Noted())
    finally:
        hub.close()


def kept(person: Person) -> tuple[list[str], list[str], list[str]]:
    """The purposes of bookings, the ids of receipts, the names of searches."""
    bookings = person.call("GET /bookings").json()["bookings"]
    receipts = person.call("GET /receipts").json()["receipts"]
    searches = person.call("GET /saved-searches").json()["searches"]
    return (
        [one["purpose"] for one in bookings],
        [one["id"] for one in receipts],
        [one["name"] for one in searches],
    )


def by_provider(site: Site, person: ProviderPerson) -> Person:
    """Signed in as at the portal: the provider's token is exchanged for a session."""
    admitted = site.accounts.admit(person)
    assert admitted
    return Person(site, site.accounts.sign_ins.exchange(admitted, Whence("here"))[0].text)


def test_a_providers_person_finds_what_its_subject_had(site: Site) -> None:
    mine = by_provider(site, PERSON)
    assert kept(mine) == (["样品"], [f"r-{NAME}"], ["光谱"])
    another = ProviderPerson(ISSUER, "wang", "wang@idp.example.org", roles=PERSON.roles, sources=PERSON.sources)
    assert kept(by_provider(site, another)) == ([], [], [])
    site.accounts.access.rename(site.accounts.principal(mine.token) or pytest.fail("nobody"), "李")
    assert kept(mine)[0] == ["样品"], "whatever the account is called"


def test_what_was_kept_under_a_name_is_taken_along_and_erased_too(site: Site) -> None:
    mine, store, subject = by_provider(site, PERSON), site.hub.get(BOOKING_STORE), OF_A_NAME + NAME
    (booking,) = store.of([NAME], 10)
    purpose = site.hub.get(PERSONAL).sealers([subject])[subject]("封存的样品")
    store.add(replace(booking, id="booking-sealed", instrument_id="instrument-2", purpose=purpose), "key-2")
    data = mine.call("GET /account/data").json()
    assert {one["purpose"] for one in data["bookings"]} == {"样品", "封存的样品"}
    assert [one["name"] for one in data["saved_searches"]] == ["光谱"]
    account = mine.me["account"]
    assert mine.call("POST /account/erasure", {"confirmation": account}).status_code == 200
    assert site.hub.get(SAVED_SEARCHES).of([NAME]) == []
    again = by_provider(site, PERSON)
    assert again.me["account"] != account
    assert "封存的样品" not in kept(again)[0], "nothing that was sealed can be read"


def test_a_name_that_a_token_has_too_is_not_the_providers_persons(site: Site) -> None:
    site.accounts.access.legacy.issue(NAME, ["member"], [])
    assert kept(by_provider(site, PERSON)) == ([], [], [])


def test_what_is_nobodys_is_given_to_an_account_by_operators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path, "demo")
    words = ["--data", str(tmp_path), "--lang", "en"]
    with_hub = compose(Settings(data_dir=tmp_path), ManualClock(START))
    site = Site(with_hub, with_hub.resources.clock, Noted())  # type: ignore[arg-type]
    person, organisation = site.company("li@example.org")
    account = person.me["account"]
    organisations = with_hub.get(ACCOUNTS).organisations
    organisations.verify(OPERATOR, organisation, "seen")
    organisations.add_member(OPERATOR, organisation, account, frozenset({"member", "submitter"}), administrator=True)
    assert kept(person) == ([], [], [])
    assert main(["account", "assign", "operator", account, "-o", organisation, *words], {}) == 2
    assert "a token has this one" in capsys.readouterr().err
    assert main(["account", "assign", "demo", account, "-o", "org-none", *words], {}) == 2
    assert main(["account", "assign", "demo", account, "-o", organisation, *words], {}) == 0
    assert kept(person) == (["样品"], ["r-demo"], ["光谱"])
    (booking,) = person.call("GET /bookings").json()["bookings"]
    assert (booking["booked_by"], booking["booked_by_account"]) == ("张伟", account)
    assert main(["account", "assign", "demo", account, "-o", organisation, *words], {}) == 0
    noted = site.operator.call("GET /audit?action=belonging.assign").json()["entries"]
    assert [(entry["subject"], entry["detail"]) for entry in noted] == [
        (account, "0 bookings, 0 receipts, 0 searches"),
        (account, "1 bookings, 1 receipts, 1 searches"),
    ]
    with_hub.close()
