"""A person is erased: no private value is readable in any file, table, topic or backup, made before or after."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from app.operations.backup import backup
from app.operations.restore import restore
from hub.kernel.records import RECORDS, SUBMISSIONS
from hub.runtime.manifest import PERSONAL, RECORD_STORE
from hub.runtime.settings import Settings
from services.privacy.adapters.sql_personal import SqlPersonalValues
from tests.integration import searching
from tests.integration.moving_hub import Live, silent

pytestmark = pytest.mark.integration
NAME = "欧阳试擦除"
PUBLIC = [NAME]
OLD_EMAIL, EMAIL, BIRTH, PHONE, ID_NUMBER = (
    "erase.me.old@example.org", "erase.me@example.org", "1963-07-19", "13912345678", "110101196307190035",
)  # fmt: skip
PRIVATE = [OLD_EMAIL, EMAIL, BIRTH, PHONE, ID_NUMBER]
ORCID = "0000-0002-1825-0097"
OTHER = {"_id": "E-2", "name_zh": "旁人", "expert_number": "N-2", "email": "other@example.org", "phone": "13800138000"}


def expert(version: int, email: str) -> dict[str, object]:
    private = {"email": email, "birth_date": BIRTH, "phone": PHONE, "id_number": ID_NUMBER}
    return {"_id": "E-1", "_version": version, "name_zh": NAME, "orcid": ORCID, **private}


def registered(live: Live) -> str:
    """A person of whom two sources speak, one of them twice and then no longer; the record's id."""
    for source, rows in (
        ("owner", [expert(1, OLD_EMAIL), OTHER]),
        ("owner", [expert(2, EMAIL)]),
        ("zhejiang", [expert(1, EMAIL)]),
    ):
        live.settled(live.submit("expert", source, rows))
    live.settled(live.submit("expert", "zhejiang", [{"_id": "E-1", "_version": 9}], "withdraw"))
    (hit,) = live.found(NAME)
    return str(hit["id"])


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with Live(Settings(data_dir=tmp_path / "hub")) as live:
        yield live


def everything(folder: Path) -> Iterator[searching.Place]:
    return chain(searching.files(folder), searching.tables(folder), searching.topics(folder))


def test_nothing_private_of_an_erased_person_is_readable_anywhere(live: Live, tmp_path: Path) -> None:
    folder, before, after = live.settings.data_dir, tmp_path / "before.tar", tmp_path / "after.tar"
    person = registered(live)
    other = next(record.id for record in live.hub.get(RECORD_STORE).scan("expert") if record.id != person)
    backup(live.settings, before, silent)

    # The search finds what is there, and what is private was sealed all along.
    at_rest = list(everything(folder))
    held = {name.rpartition("/")[2] for name, _ in searching.readable(at_rest, PUBLIC)}
    assert held >= {"records.db contributions", "records.db history", "records.db records", SUBMISSIONS, RECORDS}
    in_backup = list(searching.backup(before, tmp_path / "unpacked-before"))
    assert searching.readable(in_backup, PUBLIC)
    assert searching.readable([*at_rest, *in_backup], PRIVATE) == set()
    personal = live.hub.get(PERSONAL)
    of_all = searching.tokens(at_rest)
    assert {*PRIVATE, OTHER["email"], OTHER["phone"]} == set(personal.open(of_all).values())
    assert searching.tokens(in_backup) == of_all
    assert live.get(f"records/{person}")["fields"]["email"] == EMAIL

    kept = live.get(f"people/{person}")
    assert {str(value) for version in kept["versions"] for value in version["fields"].values()} >= set(PRIVATE)
    told = [entry["action"] for entry in kept["accesses"]]
    assert told == ["person.export", "personal.read", *["personal.change"] * 3]
    live.post(f"people/{person}/erasure", {"reason": "asked for it"})

    backup(live.settings, after, silent)
    at_rest = list(everything(folder))
    in_backups = [*in_backup, *searching.backup(after, tmp_path / "unpacked-after")]
    assert searching.readable([*at_rest, *in_backups], PRIVATE) == set()
    assert set(personal.open(of_all | searching.tokens([*at_rest, *in_backups])).values()) == {
        OTHER["email"],
        OTHER["phone"],
    }
    fields = live.get(f"records/{person}")["fields"]
    assert fields["name_zh"] == NAME
    assert not {"email", "birth_date"} & fields.keys()
    assert live.get(f"records/{other}")["fields"]["email"] == OTHER["email"]
    versions = str(live.get(f"people/{person}")["versions"])
    assert not [value for value in PRIVATE if value in versions]


def test_a_backup_from_before_does_not_bring_back_who_was_erased(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "before.tar"
    person = registered(live)
    backup(live.settings, file, silent)
    live.post(f"people/{person}/erasure", {"reason": "asked for it"})
    personal = live.hub.get(PERSONAL)
    assert isinstance(personal, SqlPersonalValues)
    kept_apart = personal.dump()
    again = Settings(data_dir=tmp_path / "again")
    restore(again, file, silent)
    with Live(again) as restored:
        assert "email" not in restored.get(f"records/{person}")["fields"]
        its = restored.hub.get(PERSONAL)
        assert isinstance(its, SqlPersonalValues)
        its.load(kept_apart)
        assert "email" not in restored.get(f"records/{person}")["fields"]
        opened = its.open(searching.tokens(everything(again.data_dir)))
        assert set(opened.values()) == {OTHER["email"], OTHER["phone"]}


def test_what_is_said_of_somebody_erased_is_kept_again_only_with_consent(live: Live) -> None:
    person = registered(live)
    live.post(f"people/{person}/erasure", {"reason": "asked for it"})
    live.settled(live.submit("expert", "owner", [expert(3, "again@example.org")]))
    assert "email" not in live.get(f"records/{person}")["fields"]
    given = live.post(f"people/{person}/consents", {"purpose": "to be asked for advice"})
    assert [(one["purpose"], one["withdrawn_at"]) for one in given["consents"]] == [("to be asked for advice", None)]
    live.settled(live.submit("expert", "owner", [expert(4, "again@example.org")]))
    assert live.get(f"records/{person}")["fields"]["email"] == "again@example.org"
    live.post(f"people/{person}/erasure", {"reason": "and again"})
    assert live.get(f"people/{person}")["consents"][0]["withdrawn_at"]
    assert live.post_for_status("people/expert-nobody/erasure", {"reason": "x"}) == 404
