"""The record kinds: every national column is known, wrong values are told by field, identities agree."""

import re

import pytest

from schemas.codes.divisions import division_path, is_division
from schemas.fields import fields_of
from schemas.kind import kind_named, kinds
from schemas.validation import Invalid, Valid, validate_json, validate_python, validate_text

pytestmark = pytest.mark.unit

NATIONAL = frozenset(
    re.findall(
        r"\S+",
        """
        仪器编号 分类编码 单位内编号 中文名 英文名 型号规格 主要技术指标 测试和研究领域 主要用途 附件及功能 认证情况
        生产厂商 产地国别 原值 启用日期 所在单位 实验室 安放地址 邮编 联系人 联系电话 电子邮件 是否共享 状态
        开放机时安排 收费标准 统计年份 年对外服务机时 年对外服务收入 知名用户 应用成果
        """,
    )
)


def test_five_kinds() -> None:
    assert set(kinds()) >= {"instrument", "organisation", "laboratory", "project", "expert"}


def test_every_national_column_is_a_field() -> None:
    known = {spec.meta.crosswalk.nrii for spec in fields_of(kind_named("instrument"))}
    assert known >= NATIONAL


@pytest.mark.parametrize("name", ["instrument", "organisation", "laboratory", "project", "expert"])
def test_every_field_is_labelled_in_both_languages(name: str) -> None:
    for spec in fields_of(kind_named(name)):
        assert spec.label.zh
        assert spec.label.en


def test_phone_numbers_are_secret() -> None:
    secret = {spec.path for spec in fields_of(kind_named("instrument")) if spec.openness == "secret"}
    assert any("phone" in path for path in secret)


def refusal(kind: str, raw: dict[str, object]) -> Invalid:
    result = validate_python(kind_named(kind), raw)
    assert isinstance(result, Invalid)
    return result


def test_a_wrong_credit_code_is_named_in_both_languages() -> None:
    (problem,) = refusal("organisation", {"name_zh": "浙江大学", "uscc": "12100000470095016X"}).problems
    assert problem.field == "uscc"
    assert "GB 32100" in problem.message("zh")
    assert "credit code" in problem.message("en")
    assert "12100000470095016X" in problem.message("en")


def test_an_unknown_field_names_the_closest() -> None:
    (problem,) = refusal("organisation", {"name_zh": "浙江大学", "websit": "https://www.zju.edu.cn"}).problems
    assert problem.code == "unknown-field"
    assert "website" in problem.message("zh")


def test_valid_fields_leave_out_what_is_absent() -> None:
    result = validate_json(kind_named("organisation"), '{"name_zh": " 浙江大学 ", "ror": "00a2xv884"}'.encode())
    assert isinstance(result, Valid)
    assert result.fields["name_zh"] == "浙江大学"
    assert result.fields["ror"] == "https://ror.org/00a2xv884"
    assert None not in result.fields.values()


def test_a_reference_has_the_id_of_the_record() -> None:
    organisation = kind_named("organisation")
    fields = {"name_zh": "浙江大学", "ror": "https://ror.org/00a2xv884"}
    assert organisation.identified(fields) == organisation.identified({"ror": "https://ror.org/00a2xv884"})
    assert organisation.identified({"name_zh": "某单位"}) != organisation.identified(fields)


def test_divisions() -> None:
    assert is_division("330106")
    assert not is_division("990000")
    assert [label.zh for label in division_path("330106")] == ["浙江省", "杭州市", "西湖区"]


def test_cells_of_a_spreadsheet_are_read_as_people_write_them() -> None:
    result = validate_text(
        kind_named("instrument"),
        {
            "name_zh": "质谱仪",
            "shared": "是",
            "commissioned": "2024年3月1日",
            "opening_hours": "MO-FR 08:30-17:30",
            "model": " ",
        },
    )
    assert isinstance(result, Valid)
    assert result.fields["shared"] is True
    assert result.fields["commissioned"] == "2024-03-01"
    assert result.fields["opening_hours"][0]["opens"] == "08:30"
    assert "model" not in result.fields


def test_a_cell_that_cannot_be_read_is_named() -> None:
    result = validate_text(kind_named("instrument"), {"name_zh": "质谱仪", "commissioned": "去年"})
    assert isinstance(result, Invalid)
    assert [problem.field for problem in result.problems] == ["commissioned"]
    assert "去年" in result.problems[0].message("zh")
