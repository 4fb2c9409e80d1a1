"""Whoever is signed in takes along all that is kept of them, and has it erased everywhere."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from app.composition import compose
from app.operations.backup import backup
from hub.ports.clock import ManualClock
from hub.runtime.settings import Settings
from hub.runtime.threads import drain
from tests.integration import searching
from tests.integration.accounts_site import START, Person, Site
from tests.integration.moving_hub import instrument, silent
from tests.noted import Noted

pytestmark = pytest.mark.integration
EMAIL, NAME, PHONE, PURPOSE = "wang.erased@example.org", "王擦除", "13912340000", "测她自己的样品"
HERS = (EMAIL, "wang.erased", NAME, PHONE, PURPOSE)
OTHERS, THEIR_PHONE = "li.kept@example.org", "13700000000"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = ManualClock(START)
    hub = compose(Settings(data_dir=tmp_path / "hub"), clock)
    try:
        yield Site(hub, clock, Noted())
    finally:
        hub.close()


def submitted(site: Site, kind: str, source: str, **row: Any) -> str:
    """The id of the record."""
    sent = site.operator.call(f"POST /submissions/{kind}?source={source}&format=json", [row])
    assert sent.status_code == 202, sent.text
    drain(site.hub.workers)
    (told,) = site.operator.call(f"GET /receipts/{sent.json()['id']}/rows").json()["rows"]
    return str(told["record_id"])


def expert(number: str, email: str, phone: str, **more: str) -> dict[str, str]:
    return {"_id": number, "name_zh": "王某", "expert_number": number, "email": email, "phone": phone, **more}


def signed_in(site: Site) -> Person:
    """Somebody with something of everything."""
    person, _ = site.company(EMAIL, "公司")
    person.call("POST /account", {"name": NAME})
    record = submitted(site, "instrument", "owner", **instrument(1, max_advance_days=90, min_notice_hours=0))
    times = {"start": "2026-12-03T09:00:00+08:00", "end": "2026-12-03T10:00:00+08:00"}
    booked = person.call("POST /bookings", {"instrument": record, "purpose": PURPOSE, **times})
    assert booked.status_code == 201, booked.text
    person.call("POST /saved-searches", {"name": "质谱", "query": "q=x"})
    person.call("POST /tokens", {"name": "sync", "scopes": ["member"]})
    return person


def everything(site: Site) -> list[searching.Place]:
    folder = site.hub.settings.data_dir
    return list(chain(searching.files(folder), searching.tables(folder), searching.topics(folder)))


def test_one_document_has_all_that_is_kept_and_only_for_who_signed_in(site: Site) -> None:
    person = signed_in(site)
    mine = submitted(site, "expert", "owner", **expert("N-1", EMAIL, PHONE))
    submitted(site, "expert", "owner", **expert("N-2", OTHERS, THEIR_PHONE))
    site.person(OTHERS)
    told = person.call("GET /account/data")
    assert told.status_code == 200
    assert "attachment" in told.headers["content-disposition"]
    data = told.json()
    assert (data["account"]["emails"], data["account"]["name"]) == ([EMAIL], NAME)
    assert [kept["organisation"]["name_zh"] for kept in data["account"]["organisations"]] == ["公司"]
    assert [kept["purpose"] for kept in data["bookings"]] == [PURPOSE]
    assert [kept["name"] for kept in data["saved_searches"]] == ["质谱"]
    assert [kept["name"] for kept in data["tokens"]] == ["sync"]
    assert len(data["sessions"]) == 1
    assert [kept["id"] for kept in data["records"]] == [mine]
    assert data["records"][0]["statements"][0]["fields"]["phone"] == PHONE
    actions = {entry["action"] for entry in data["audit"]}
    assert actions >= {"session.begin", "account.add", "token.issue", "account.export"}
    assert OTHERS not in told.text
    assert THEIR_PHONE not in told.text
    token = person.call("POST /tokens", {"name": "t", "scopes": ["member"]}).json()["token"]
    by_token = Person(site, token)
    assert by_token.call("GET /account/data").status_code == 403
    assert by_token.call("POST /account/erasure", {"confirmation": EMAIL}).status_code == 403


def test_who_is_erased_leaves_nothing_readable_in_any_file_table_topic_or_backup(site: Site, tmp_path: Path) -> None:
    person = signed_in(site)
    mine = submitted(site, "expert", "owner", **expert("N-1", EMAIL, PHONE))
    other = submitted(site, "expert", "owner", **expert("N-2", OTHERS, THEIR_PHONE))
    file = tmp_path / "before.tar"
    backup(site.hub.settings, file, silent)
    before = [*everything(site), *searching.backup(file, tmp_path / "before")]
    only_sealed = [place for place in before if "mailbox" not in place[0]]
    assert searching.readable(only_sealed, HERS) == set(), "it rests sealed all along"

    assert person.call("POST /account/erasure", {"confirmation": OTHERS}).status_code == 422
    assert person.call("GET /account").status_code == 200
    erased = person.call("POST /account/erasure", {"confirmation": EMAIL.upper()})
    assert erased.status_code == 200, erased.text
    assert erased.json() | {"account": ""} == {
        "account": "", "cancelled_bookings": 1, "records": [mine], "left": [],
    }  # fmt: skip
    assert person.call("GET /account").status_code == 401
    after = tmp_path / "after.tar"
    backup(site.hub.settings, after, silent)
    assert searching.readable([*everything(site), *searching.backup(after, tmp_path / "after")], HERS) == set()
    operator = site.operator
    assert operator.call(f"GET /people/{other}").json()["statements"][0]["fields"]["phone"] == THEIR_PHONE
    assert PHONE not in operator.call(f"GET /people/{mine}").text
    (booking,) = operator.call("GET /bookings?scope=owned&status=cancelled").json()["bookings"]
    assert (booking["booked_by"], booking["purpose"]) == ("", "")
    trail = operator.call("GET /audit?limit=500").json()["entries"]
    assert {entry["action"] for entry in trail} >= {"account.erase", "person.erase"}

    again, _ = site.company(EMAIL)
    assert again.me["account"] != erased.json()["account"], "the address is anybody's who has it"
    assert again.call("GET /bookings").json()["bookings"] == []
    assert again.call("GET /account").json()["emails"] == [EMAIL]


def test_a_row_with_ones_own_address_gives_nobody_what_others_say_of_a_person(site: Site) -> None:
    """An address of one's own in a row about somebody else opens neither their values nor erases them."""
    orcid = "0000-0002-1825-0097"
    hers = submitted(site, "expert", "owner", **expert("N-1", OTHERS, THEIR_PHONE, orcid=orcid))
    planted = expert("N-1", EMAIL, PHONE, orcid=orcid)
    assert submitted(site, "expert", "zhejiang", **planted) == hers
    thief = site.person(EMAIL)
    data = thief.call("GET /account/data")
    assert data.status_code == 200
    assert THEIR_PHONE not in data.text
    assert data.json()["records"] == []
    for shared in data.json()["shared_records"]:
        assert [stated["fields"]["email"] for stated in shared["statements"]] == [EMAIL]
    erased = thief.call("POST /account/erasure", {"confirmation": EMAIL})
    assert erased.json()["records"] == []
    assert site.operator.call(f"GET /people/{hers}").text.count(THEIR_PHONE) > 0


ORCID = "0000-0002-1825-0097"


def withdrawn(site: Site) -> str:
    """What a source said of somebody else is in the record's history alone."""
    submitted(site, "expert", "zhejiang", **expert("N-1", OTHERS, THEIR_PHONE, orcid=ORCID))
    sent = site.operator.call(
        "POST /submissions/expert?source=zhejiang&format=json&operation=withdraw", [{"_id": "N-1"}]
    )
    assert sent.status_code == 202, sent.text
    drain(site.hub.workers)
    return submitted(site, "expert", "owner", **expert("N-1", EMAIL, PHONE, orcid=ORCID))


def joined(site: Site) -> str:
    """What a source says of somebody else is about a record that one's own, whose id stands for both, was joined to."""
    theirs = submitted(site, "expert", "zhejiang", **expert("N-1", OTHERS, THEIR_PHONE, orcid=ORCID))
    for number in range(100, 200):
        planted = {"_id": f"P-{number}", "name_zh": "王某", "email": EMAIL}
        if (mine := submitted(site, "expert", "owner", **planted)) < theirs:
            break
    submitted(site, "expert", "owner", **planted, orcid=ORCID)
    assert mine in site.operator.call(f"GET /records/{theirs}").text
    return mine


@pytest.mark.parametrize("plant", [withdrawn, joined])
def test_an_address_of_ones_own_opens_nothing_that_was_said_before_or_of_what_is_joined(site: Site, plant: Any) -> None:
    planted, thief = plant(site), site.person(EMAIL)
    data = thief.call("GET /account/data")
    assert data.status_code == 200
    assert THEIR_PHONE not in data.text
    assert planted in {shared["id"] for shared in data.json()["shared_records"]}
    assert planted in thief.call("POST /account/erasure", {"confirmation": EMAIL}).json()["left"]


def test_a_record_is_nobodys_by_an_address_that_only_folds_to_theirs(site: Site) -> None:
    submitted(site, "expert", "owner", **expert("N-1", "stra\u00dfe@example.org", THEIR_PHONE))
    submitted(site, "expert", "owner", **expert("N-2", "\u017fmith@example.org", THEIR_PHONE))
    for email in ("strasse@example.org", "smith@example.org"):
        data = site.person(email).call("GET /account/data").json()
        assert (data["records"], data["shared_records"]) == ([], [])


def test_a_records_address_that_nobody_verified_links_nobody(site: Site) -> None:
    submitted(site, "expert", "owner", **expert("N-1", EMAIL, PHONE))
    somebody = site.person(OTHERS)
    data = somebody.call("GET /account/data").json()
    assert (data["records"], data["shared_records"]) == ([], [])
