"""Composite values as people write them in a cell: read, written back, and refused where the text is none."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.parts.common import Closure, Contact, Money, OrganisationRef, Place
from schemas.parts.opening import OpeningHours
from schemas.parts.part import Part
from schemas.parts.persistent import AlternateIdentifier, InstrumentType, RelatedIdentifier

pytestmark = pytest.mark.unit


class Plain(Part):
    """A part with no form of its own."""

    number: int


@pytest.mark.parametrize(
    ("part", "text", "members", "shown"),
    [
        (Plain, '{"number":1}', {"number": 1}, '{"number":1}'),
        (Money, "128万元", {"amount": "1280000", "currency": "CNY"}, "1280000 CNY"),
        (Money, "USD 1,000", {"amount": "1000", "currency": "USD"}, "1000 USD"),
        (Money, "5", {"amount": "5", "currency": "CNY"}, "5 CNY"),
        (Place, " 余杭塘路866号 ", {"address": "余杭塘路866号"}, "余杭塘路866号"),
        (Place, "30.3, 120.1", {"lat": 30.3, "lon": 120.1}, ""),
        (Contact, " 李四 ", {"name": "李四"}, "李四"),
        (Contact, "lab@example.edu.cn", {"email": "lab@example.edu.cn"}, "lab@example.edu.cn"),
        (InstrumentType, " 电镜 ", {"name": "电镜"}, "电镜"),
        (AlternateIdentifier, "serialnumber: 12", {"type": "SerialNumber", "value": "12"}, "SerialNumber:12"),
        (AlternateIdentifier, "12", {"value": "12"}, "Other:12"),
        (AlternateIdentifier, "Colour:12", {"value": "Colour:12"}, "Other:Colour:12"),
        (RelatedIdentifier, "doi:10.1/x", {"type": "DOI", "value": "10.1/x"}, "References DOI:10.1/x"),
        (
            RelatedIdentifier,
            "isdescribedby DOI:10.1/x",
            {"type": "DOI", "value": "10.1/x", "relation": "IsDescribedBy"},
            "IsDescribedBy DOI:10.1/x",
        ),
        (
            Closure,
            "2026-10-01T00:00:00Z/2026-10-08T00:00:00Z 检修",
            {"start": "2026-10-01T00:00:00Z", "end": "2026-10-08T00:00:00Z", "reason": "检修"},
            "2026-10-01T00:00:00Z/2026-10-08T00:00:00Z 检修",
        ),
        (Closure, "a/b", {"start": "a", "end": "b"}, "a/b"),
        (
            OpeningHours,
            "周一至周五 8:00-17:30",
            {"days": ["MO", "TU", "WE", "TH", "FR"], "opens": "08:00", "closes": "17:30"},
            "MO-FR 08:00-17:30",
        ),
        (OpeningHours, "SA-MO 08:00-09:00", {"days": ["SA", "SU", "MO"], "opens": "08:00", "closes": "09:00"}, None),
        (OrganisationRef, "浙江大学 / Zhejiang University", {"name_zh": "浙江大学", "name_en": "Zhejiang University"},
         "浙江大学 / Zhejiang University"),
        (OrganisationRef, "ZJU / HZ", {"name_en": "ZJU / HZ"}, "ZJU / HZ"),
        (OrganisationRef, "浙江大学（紫金港）", {"name_zh": "浙江大学（紫金港）"}, "浙江大学（紫金港）"),
        (OrganisationRef, "", {}, ""),
        (OrganisationRef, "https://ror.org/00a2xv884", {"ror": "https://ror.org/00a2xv884"},
         "(https://ror.org/00a2xv884)"),
        (OrganisationRef, "浙江大学 (https://ror.org/00a2xv884)",
         {"name_zh": "浙江大学", "ror": "https://ror.org/00a2xv884"}, "浙江大学 (https://ror.org/00a2xv884)"),
    ],
)  # fmt: skip
def test_a_cell_is_read_and_written(part: type[Part], text: str, members: dict[str, Any], shown: str | None) -> None:
    assert part.parse(text) == members
    if shown is not None:
        assert part.show(members) == shown


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Plain, "[1]"),
        (Plain, "x"),
        (Money, "USD 5 元"),
        (Money, "much"),
        (RelatedIdentifier, "10.1/x"),
        (Closure, "2026-10-01T00:00:00Z"),
        (OpeningHours, "always"),
        (OpeningHours, "XX 08:00-09:00"),
        (OrganisationRef, "浙江大学 (https://ror.org/00a2xv884, 杭州)"),
    ],
)
def test_what_is_none_is_refused(part: type[Part], text: str) -> None:
    with pytest.raises(ValueError):
        part.parse(text)


def test_what_looks_like_an_identifier_but_is_none_is_kept_to_be_reported() -> None:
    assert OrganisationRef.parse("浙江大学 (12330000470095016X9)")["uscc"] == "12330000470095016X9"


@pytest.mark.parametrize(
    ("part", "members"),
    [
        (Place, {"lat": 30.0}),
        (Place, {"lon": 120.0}),
        (Closure, {"start": "2026-10-01T00:00:00Z", "end": "2026-10-01T00:00:00Z"}),
        (OpeningHours, {"days": ["MO"], "opens": "09:00", "closes": "09:00"}),
        (OpeningHours, {"days": ["MO"], "opens": "08:00", "closes": "09:00", "valid_from": "2026-02-01",
                        "valid_through": "2026-01-31"}),
    ],
)  # fmt: skip
def test_halves_and_times_out_of_order_are_refused(part: type[Part], members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(part).validate_python(members)


def test_hours_may_hold_for_a_time() -> None:
    given = OpeningHours.parse("MO 08:00-09:00 2026-01-01/2026-01-31")
    assert (given["valid_from"], given["valid_through"]) == ("2026-01-01", "2026-01-31")
    assert OpeningHours.show(given) == "MO 08:00-09:00 2026-01-01/2026-01-31"
