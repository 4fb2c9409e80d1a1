"""Stewards over HTTP: their decisions go through the log and curation, and can be undone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hub.auth.sources import load_sources
from hub.auth.tokens import AccessFile
from hub.kernel.access import Principal, Role
from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.problems import Refusal
from hub.kernel.records import SUBMISSIONS, SUBMITTED, Authority, Record, Submission
from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.clock import ManualClock, rfc3339
from hub.ports.names import NoNames
from hub.ports.worker import Worker
from hub.runtime.threads import drain
from hub.sql.sqlite import StoreFiles
from hub.web.problems import install_problem_handlers
from schemas.kind import kind_named
from schemas.topics import topics
from schemas.views.personal import PersonalReader
from services.curation.adapters.sqlite_store import SqliteRecordStore
from services.curation.api import router
from services.curation.claims import Claims
from services.curation.core.components import MEMBERS_LIMIT
from services.curation.decisions import DecisionLog
from services.curation.service import Curation, Relay
from services.curation.stewards import GROUP_MEMBERS, Stewardship
from tests.contract import conforming
from tests.integration.privacy_stores import privacy
from tests.noted import Noted

pytestmark = pytest.mark.integration
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROR = "https://ror.org/00a2xv884"
OPERATOR = Principal("op", frozenset({"operator"}))


class Desk:
    """The log, the store, curation and the API in one place."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.log = SqliteEventLog(folder / "log.db")
        self.log.create_topics(topics(1))
        self.store = SqliteRecordStore(folder / "records.db", "hub")
        self.workers: list[Worker] = [Curation(self.log, self.store, self.clock), Relay(self.log, self.store)]
        self.trail = Noted()
        self.written = DecisionLog(self.log, self.clock, "hub", self.trail)
        self.stewardship = Stewardship(self.written, self.store)
        access = AccessFile(folder)
        roles: list[Role] = ["agency", "member", "operator"]
        self.tokens: dict[str, str] = {role: access.issue(f"某{role}", [role], []) for role in roles}
        self.files = StoreFiles(folder)
        reader = PersonalReader(*privacy(self.files, folder, self.clock), self.clock)
        app = conforming(FastAPI())
        app.state.access = access
        install_problem_handlers(app)
        claims = Claims(self.written, self.store, NoNames())
        app.include_router(router(self.stewardship, claims, load_sources(), reader))
        self._http = TestClient(app)

    def say(
        self, source: str, number: str, authority: Authority = "owner", /, kind: str = "organisation", **fields: Any
    ) -> str:
        record_id = kind_named(kind).id_of(fields, source, number)
        said = Submission(kind, source, number, 1, "upsert", authority, record_id, fields, rfc3339(NOW))
        event = CloudEvent(said.event_id(), "hub", SUBMITTED, record_id, rfc3339(NOW), said.to_bytes())
        self.log.append(SUBMISSIONS, [event.as_entry()])
        return record_id

    def settle(self) -> None:
        drain(self.workers)
        assert sum(self.log.end_offsets(dead_letter_topic(SUBMISSIONS)).values()) == 0

    def record(self, record_id: str) -> Record:
        return self.store.get([record_id])[record_id]

    def get(self, path: str, role: str = "agency", **parameters: Any) -> Any:
        answer = self._http.get(f"/api/v1{path}", params=parameters, headers=self._headers(role))
        return answer.json() | {"status": answer.status_code}

    def post(self, path: str, role: str = "agency", **body: Any) -> Any:
        answer = self._http.post(f"/api/v1{path}", json=body, headers=self._headers(role))
        if answer.status_code == 202:
            self.settle()
        return answer.json() | {"status": answer.status_code}

    def _headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.store.close()
        self.log.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_a_conflict_is_settled_by_a_preference_until_it_is_undone(desk: Desk) -> None:
    record_id = desk.say("campus", "1", ror=ROR, name_zh="浙江大学", established=1897)
    desk.say("city", "9", ror=ROR, name_zh="浙大", established=1897)
    desk.settle()
    (found,) = desk.get("/conflicts", kind="organisation")["conflicts"]
    assert (found["id"], found["title"], found["kind_label"]) == (record_id, "浙江大学", "单位")
    (field,) = found["fields"]
    assert (field["field"], field["label"]) == ("name_zh", "单位名称")
    assert [(one["shown"], one["source"], one["in_use"]) for one in field["values"]] == [
        ("浙江大学", "campus", True),
        ("浙大", "city", False),
    ]
    path, choice = f"/records/{record_id}/preferences", {"source": "city", "source_record_id": "9"}
    said = desk.post(path, field="name_zh", **choice)
    assert (said["status"], said["preference"]["decided_by"]) == (202, "某agency")
    assert (desk.record(record_id).fields["name_zh"], desk.record(record_id).version) == ("浙大", 2)
    assert desk.get("/conflicts")["conflicts"] == []
    assert [one["source"] for one in desk.get(f"/records/{record_id}/decisions")["preferences"]] == ["city"]

    assert desk.post(path, field="name_zh", source=None, source_record_id=None)["status"] == 202
    assert (desk.record(record_id).fields["name_zh"], desk.record(record_id).version) == ("浙江大学", 3)
    assert len(desk.get("/conflicts")["conflicts"]) == 1
    assert desk.get(f"/records/{record_id}/decisions")["preferences"] == []


def test_duplicates_are_joined_and_both_come_back_when_that_is_undone(desk: Desk) -> None:
    one = desk.say("campus", "1", name_zh="示例大学", website="https://www.example.edu.cn")
    other = desk.say("city", "2", name_zh="示例大学", established=1900)
    desk.say("web", "3", name_zh="别的大学")
    desk.settle()
    left, right = sorted((one, other))
    (pair,) = desk.get("/duplicates", lang="en")["duplicates"]
    assert (pair["left"]["id"], pair["right"]["id"]) == (left, right)
    assert pair["left"]["kind_label"] == "Organisation"
    assert {pair[side]["sources"][0]["source"] for side in ("left", "right")} == {"campus", "city"}

    assert desk.post("/same-as", left=right, right=left, decision="joined")["status"] == 202
    assert desk.record(right).replaced_by == left
    assert desk.record(left).fields == {
        "name_zh": "示例大学",
        "website": "https://www.example.edu.cn",
        "established": 1900,
    }
    assert desk.get("/duplicates")["duplicates"] == []
    for asked in (left, right):
        assert [said["right"] for said in desk.get(f"/records/{asked}/decisions")["same_as"]] == [right]

    assert desk.post("/same-as", left=left, right=right, decision="undone")["status"] == 202
    assert [desk.record(record_id).status for record_id in (left, right)] == ["active", "active"]
    assert desk.record(right).replaced_by is None
    assert len(desk.get("/duplicates")["duplicates"]) == 1

    desk.post("/same-as", left=left, right=right, decision="separate")
    assert desk.get("/duplicates") == {"duplicates": [], "next": None, "status": 200}
    assert desk.record(left).status == desk.record(right).status == "active"


def test_only_stewards_may_see_or_decide(desk: Desk) -> None:
    record_id = desk.say("campus", "1", name_zh="甲")
    desk.settle()
    choice = {"field": "name_zh", "source": "campus", "source_record_id": "1"}
    for role, status in (("", 401), ("member", 403)):
        assert desk.get("/conflicts", role)["status"] == status
        assert desk.get("/duplicates", role)["status"] == status
        assert desk.get(f"/records/{record_id}/decisions", role)["status"] == status
        assert desk.post(f"/records/{record_id}/preferences", role, **choice)["status"] == status
        assert desk.post("/same-as", role, left="a", right="b", decision="joined")["status"] == status
    assert sum(desk.log.end_offsets(SUBMISSIONS).values()) == 1
    for role in ("agency", "operator"):
        assert desk.get("/conflicts", role)["status"] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/records/{one}/preferences", {"field": "colour"}, 422, "unknown-field"),
        ("/records/{one}/preferences", {"field": "name_zh", "source_record_id": "8"}, 422, "unknown-speaker"),
        ("/records/{one}/preferences", {"field": "name_zh", "source": None}, 422, "unknown-speaker"),
        ("/records/{one}/preferences", {"field": "ror", "source": None, "source_record_id": None}, 409, "not-decided"),
        ("/records/nobody/preferences", {"field": "name_zh"}, 404, "unknown-record"),
        ("/same-as", {"right": "{one}"}, 422, "not-a-pair"),
        ("/same-as", {"right": "{expert}"}, 422, "not-a-pair"),
        ("/same-as", {"right": "organisation-x"}, 404, "unknown-record"),
        ("/same-as", {"right": "{other}", "decision": "undone"}, 409, "not-decided"),
        ("/same-as", {"right": "{other}", "decision": "perhaps"}, 422, "literal_error"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_told_and_written_nowhere(
    desk: Desk, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    ids = {"one": desk.say("campus", "1", name_zh="甲"), "other": desk.say("city", "2", name_zh="甲")}
    ids["expert"] = desk.say("city", "3", kind="expert", name_zh="示例甲")
    desk.settle()
    before = desk.log.end_offsets(SUBMISSIONS)
    standard = (
        {"left": ids["one"], "decision": "joined"}
        if path == "/same-as"
        else {
            "source": "campus",
            "source_record_id": "1",
        }
    )
    filled = {name: value.format(**ids) if value else value for name, value in (standard | body).items()}
    answer = desk.post(path.format(**ids), **filled)
    assert (answer["status"], answer["errors"][0]["code"]) == (status, code)
    assert desk.log.end_offsets(SUBMISSIONS) == before


def test_an_identifier_that_differs_is_no_duplicate_and_private_values_stay_hidden(desk: Desk) -> None:
    desk.say("campus", "1", name_zh="甲", ror=ROR)
    desk.say("city", "2", name_zh="甲", ror="https://ror.org/02aj13c28")
    first = desk.say("campus", "3", kind="expert", expert_number="7", name_zh="示例甲", phone="vault:1", email="a@b.cn")
    desk.say("city", "4", kind="expert", expert_number="7", name_zh="示例甲", phone="vault:2", email="c@d.cn")
    desk.settle()
    assert desk.get("/duplicates")["duplicates"] == []
    (found,) = desk.get("/conflicts", kind="expert")["conflicts"]
    assert found["id"] == first
    assert [field["field"] for field in found["fields"]] == ["email"]
    told = desk.get("/conflicts", "operator", kind="expert")["conflicts"][0]["fields"]
    assert "vault:" not in str(told)
    assert [field["field"] for field in told] == ["email", "phone"]
    assert desk.get("/conflicts", kind="galaxy")["status"] == 400
    assert desk.get("/duplicates", after="x")["status"] == 400


def test_pages_go_on_where_the_one_before_ended(desk: Desk) -> None:
    for number in range(4):
        for source in ("campus", "city"):
            desk.say(source, f"{source}{number}", name_zh=f"示例 {number}", name_en=f"Example {number}")
            desk.say(source, str(number), kind="project", number=f"P{number}", name_zh=source)
    desk.settle()
    conflicts: list[str] = []
    pairs: list[tuple[str, str]] = []
    after: str | None = ""
    while after is not None:
        page = desk.get("/conflicts", after=after, limit=3)
        conflicts += [one["id"] for one in page["conflicts"]]
        after = page["next"]
    after = ""
    while after is not None:
        page = desk.get("/duplicates", after=after, limit=2)
        assert len(page["duplicates"]) <= 2
        pairs += [(one["left"]["id"], one["right"]["id"]) for one in page["duplicates"]]
        after = page["next"]
    assert len(conflicts) == len(set(conflicts)) == 4
    assert len(pairs) == len(set(pairs)) == 4


def test_a_large_group_is_asked_about_in_parts(desk: Desk) -> None:
    for number in range(GROUP_MEMBERS + 3):
        desk.say("campus", str(number), name_zh="示例大学")
    desk.settle()
    page = desk.stewardship.duplicates(OPERATOR, limit=5)
    assert len(page.pairs) == GROUP_MEMBERS * (GROUP_MEMBERS - 1) // 2
    assert page.next is None
    for pair in page.pairs:
        desk.stewardship.decide(pair.left.id, pair.right.id, "separate", OPERATOR)
    desk.settle()
    further = desk.stewardship.duplicates(OPERATOR).pairs
    assert 0 < len(further) <= GROUP_MEMBERS
    assert not {(pair.left.id, pair.right.id) for pair in further} & {(one.left.id, one.right.id) for one in page.pairs}


def test_no_more_are_joined_than_one_record_may_stand_for(desk: Desk) -> None:
    ids = sorted(desk.say("campus", str(number), name_zh=f"示例 {number}") for number in range(MEMBERS_LIMIT + 1))
    desk.settle()
    for other in ids[1:-1]:
        desk.stewardship.decide(ids[0], other, "joined", OPERATOR)
    desk.settle()
    assert len(desk.record(ids[0]).same_as) == MEMBERS_LIMIT - 1
    with pytest.raises(Refusal, match="at most 64"):
        desk.stewardship.decide(ids[3], ids[-1], "joined", OPERATOR)
    desk.stewardship.decide(ids[3], ids[4], "joined", OPERATOR)


def test_a_joined_record_is_settled_as_one(desk: Desk) -> None:
    one = desk.say("campus", "1", name_zh="甲", name_en="A")
    other = desk.say("city", "2", name_zh="甲", name_en="B")
    desk.settle()
    left, right = sorted((one, other))
    speaker = ("city", "2") if right == other else ("campus", "1")
    desk.stewardship.decide(left, right, "joined", OPERATOR)
    desk.settle()
    desk.stewardship.prefer(left, "name_en", *speaker, OPERATOR)
    desk.settle()
    assert desk.record(left).fields["name_en"] == ("B" if right == other else "A")
    with pytest.raises(Refusal, match=left):
        desk.stewardship.prefer(right, "name_en", *speaker, OPERATOR)
    desk.stewardship.prefer(left, "name_en", None, None, OPERATOR)
    desk.settle()
    assert [conflict.field for conflict in desk.record(left).conflicts] == ["name_en"]


def test_a_later_decision_wins_even_when_the_clock_is_set_back(desk: Desk) -> None:
    one, other = desk.say("campus", "1", name_zh="甲"), desk.say("city", "2", name_zh="甲")
    desk.settle()
    desk.stewardship.decide(one, other, "joined", OPERATOR)
    desk.settle()
    desk.clock.advance(timedelta(days=-1))
    later = Stewardship(DecisionLog(desk.log, desk.clock, "hub", desk.trail), desk.store)
    later.decide(one, other, "separate", OPERATOR)
    desk.settle()
    assert desk.record(one).status == desk.record(other).status == "active"
