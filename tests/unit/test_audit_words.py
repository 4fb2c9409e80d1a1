"""Entries of the audit trail in words for people: no code is left bare."""

from typing import get_args

import pytest

from hub.ports.audit import Action, Outcome
from hub.text.language import Bilingual, Language
from hub.text.messages import messages
from services.privacy.core.chain import Entry
from services.privacy.core.words import COLUMNS, HUBS_OWN, OF_A_KIND, headings, ids_in, in_words
from services.privacy.ports import Selection

pytestmark = pytest.mark.unit
LANGUAGES: tuple[Language, ...] = ("zh", "en")
NAMES = {
    "acc-1": Bilingual("王", "Wang"),
    "acc-2": Bilingual("李", "Li"),
    "org-7": Bilingual("材料所", "Institute of Materials"),
}


def entry(action: str = "session.begin", detail: str = "", subject: str = "", **changed: str) -> Entry:
    values = {"account": "acc-1", "organisation": "org-7", "credential": "ses-1", "outcome": "done"} | changed
    return Entry(1, "2026-01-02T00:00:00.000000Z", action=action, subject=subject, detail=detail, hash="", **values)


def test_every_action_and_outcome_has_words_of_its_own_in_both_languages() -> None:
    for language in LANGUAGES:
        actions = {action: in_words(entry(action), NAMES, language)["what"] for action in get_args(Action)}
        outcomes = {how: in_words(entry(outcome=how), NAMES, language)["how"] for how in get_args(Outcome)}
        other = messages()["privacy.action.other"][language]
        assert other not in {*actions.values(), *outcomes.values()}
        assert len(set(actions.values())) == len(actions)
        assert not [action for action, words in actions.items() if action in words]
        assert len(headings(language)) == len(COLUMNS)
    assert in_words(entry("of.another-release"), NAMES, "en")["what"] == "something else"
    assert set(get_args(Action)) >= HUBS_OWN | OF_A_KIND


@pytest.mark.parametrize(
    ("action", "detail", "zh", "en"),
    [
        ("claim.decide", "accepted org-7", "认领成立：材料所", "accepted: Institute of Materials"),
        ("claim.decide", "refused org-7: accepted elsewhere", "拒绝：材料所: accepted elsewhere", None),
        ("managers.name", "acc-1 acc-2", "王 李", "Wang Li"),
        ("managers.name", "nobody", "不再指定任何人", "nobody in particular"),
        ("membership.change", "approver member administrator", "预约审批人 成员 单位管理员", None),
        ("session.begin", "from 2001:db8::1/64", "来自 2001:db8::1/64", "from 2001:db8::1/64"),
        ("records.export", "5 records into records.ndjson", "5 条记录， 写入 records.ndjson", None),
        ("organisation.verify", "member of the academy", "member of the academy", "member of the academy"),
        ("access", "not-allowed", "", ""),
    ],
)
def test_details_are_words_where_they_are_the_hubs_and_stay_where_people_wrote_them(
    action: str, detail: str, zh: str, en: str | None
) -> None:
    assert in_words(entry(action, detail), NAMES, "zh")["further"] == zh
    if en is not None:
        assert in_words(entry(action, detail), NAMES, "en")["further"] == en


def test_people_and_organisations_are_called_by_their_names_and_the_rest_by_ids() -> None:
    shown = in_words(entry("membership.end", subject="acc-2 org-7"), NAMES, "zh")
    assert (shown["who"], shown["of"], shown["to"]) == ("王", "材料所", "李 材料所")
    assert in_words(entry(account="acc-9"), NAMES, "en")["who"] == "acc-9"
    assert in_words(entry(account=""), NAMES, "en")["who"] == "somebody not signed in"
    assert in_words(entry(account="legacy-0a1b"), NAMES, "zh")["who"] == "旧版令牌 0a1b"
    assert in_words(entry(credential="command-line"), NAMES, "zh")["who"] == "运营人员（命令行）"
    assert in_words(entry("records.submit", subject="instrument"), NAMES, "zh")["to"] == "仪器设备"
    assert ids_in([entry("managers.name", "acc-2 acc-5", "org-7")]) == {"acc-1", "acc-2", "acc-5", "org-7"}


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        ({}, True), ({"before": 1}, False), ({"before": 2}, True), ({"person": "acc-1"}, True),
        ({"person": "it"}, True), ({"person": "acc-2"}, False), ({"account": "acc-1"}, True),
        ({"account": "it"}, False),
        ({"outcome": "refused"}, False), ({"organisation": "org-7", "subject": "it"}, True),
        ({"since": "2026-01-02T00:00:00.000000Z"}, True), ({"until": "2026-01-02T00:00:00.000000Z"}, False),
        ({"since": "2026-01-02T00:00:01.000000Z"}, False), ({"until": "2026-01-03T00:00:00.000000Z"}, True),
    ],
)  # fmt: skip
def test_what_is_selected_of_sealed_files_is_what_the_table_would_give(chosen: dict[str, object], taken: bool) -> None:
    assert Selection(**chosen).takes(entry(subject="it")) is taken  # type: ignore[arg-type]
