"""Weak duplicates: suggested by name within an organisation, never against an identifier."""

from dataclasses import replace

import pytest

from schemas.kind import kind_named
from services.curation.core.weak import may_be_same, weak_keys

pytestmark = pytest.mark.unit
ORGANISATION, INSTRUMENT = kind_named("organisation"), kind_named("instrument")


def test_a_name_written_otherwise_is_the_same_key() -> None:
    one = weak_keys(ORGANISATION, {"name_en": "Zhejiang University"})
    assert one & weak_keys(ORGANISATION, {"name_en": "ＺＨＥＪＩＡＮＧ university "})
    assert not one & weak_keys(ORGANISATION, {"name_en": "Zhejiang Gongshang University"})


def test_instruments_of_one_name_are_alike_only_within_an_organisation() -> None:
    one = weak_keys(INSTRUMENT, {"name_zh": "质谱仪", "owner": {"name_zh": "浙江大学"}})
    assert one & weak_keys(INSTRUMENT, {"name_zh": "质谱仪", "owner": {"name_zh": "浙江大学"}})
    assert not one & weak_keys(INSTRUMENT, {"name_zh": "质谱仪", "owner": {"name_zh": "宁波大学"}})
    assert not weak_keys(INSTRUMENT, {"name_zh": "质谱仪"})


def test_different_identifiers_tell_records_apart() -> None:
    one = {"name_zh": "甲", "ror": "https://ror.org/00a2xv884"}
    assert not may_be_same(ORGANISATION, one, {"name_zh": "甲", "ror": "https://ror.org/02aj13c28"})
    assert may_be_same(ORGANISATION, one, {"name_zh": "甲"})


def test_a_name_within_an_identifier_leaves_the_question_open() -> None:
    laboratory = kind_named("laboratory")
    host = {"uscc": "12100000470095016Q"}
    one = {"name_zh": "示例国家重点实验室", "name_en": "Example Laboratory", "host": host}
    other = {"name_zh": "示例全国重点实验室", "name_en": "Example Laboratory", "host": host}
    assert weak_keys(laboratory, one) & weak_keys(laboratory, other)
    assert may_be_same(laboratory, one, other)
    assert not may_be_same(laboratory, one | {"code": "1"}, other | {"code": "2"})


def test_a_kind_is_named_by_the_fields_of_its_title() -> None:
    project = replace(kind_named("project"), title=("acronym",))
    assert weak_keys(project, {"acronym": "甲", "lead": {"name_zh": "乙"}, "funder": {"name_zh": "乙"}})
    assert not weak_keys(project, {"name_zh": "甲", "lead": {"name_zh": "乙"}, "funder": {"name_zh": "乙"}})
