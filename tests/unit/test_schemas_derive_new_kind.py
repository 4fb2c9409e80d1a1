"""A kind that is registered at run time gets everything that is derived, with no code of its own but its model."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import orjson
import pytest
from openpyxl import load_workbook
from pydantic import Field

from hub.text.language import Bilingual
from schemas.annotations import F
from schemas.derive.compatibility import incompatible
from schemas.derive.contracts import contracts
from schemas.derive.docs import kind_document
from schemas.derive.jsonschema import json_schema, node_at
from schemas.derive.mapping import index_mapping
from schemas.derive.publish import main
from schemas.derive.templates import example_row, headings, template
from schemas.kind import Identity, Kind, RecordModel, kind_named, kinds, register, unregister
from schemas.parts.common import OrganisationRef, Place
from schemas.validation import Valid, validate_json, validate_text
from schemas.values import Doi, Email, Short
from tests.unit.jsonschema_subset import faults

pytestmark = pytest.mark.unit


class Dataset(RecordModel):
    """Data that others may use."""

    name_zh: Annotated[Short, F("数据集名称", "Chinese name", search="title", example="示例数据集")]
    doi: Annotated[
        Doi | None, F("DOI", "DOI", search="keyword", example="10.5555/example", schema_org="identifier")
    ] = None
    licence: Annotated[
        Literal["CC0-1.0", "CC-BY-4.0"] | None, F("许可", "licence", search="facet", example="CC0-1.0")
    ] = None
    files: Annotated[int | None, Field(ge=1), F("文件数", "number of files", search="number", example="12")] = None
    issued: Annotated[date | None, F("发布日期", "date issued", search="date", example="2026-01-01")] = None
    holder: Annotated[OrganisationRef | None, F("持有单位", "holder", refers="organisation")] = None
    covers: Annotated[Place | None, F("覆盖地点", "coverage", search="geo")] = None
    keywords: Annotated[tuple[Short, ...] | None, F("关键词", "keywords", search="facet", example="示例；试验")] = None
    curator: Annotated[Email | None, F("管理人邮箱", "curator", openness="agency", example="a@example.org")] = None


@pytest.fixture
def dataset() -> Iterator[Kind]:
    yield register(Kind("dataset", Bilingual("数据集", "Dataset"), Dataset, (Identity("doi", ("doi",)),)))
    unregister("dataset")


def test_it_is_a_kind_like_the_others_until_it_is_taken_away(dataset: Kind) -> None:
    assert kind_named("dataset") is dataset
    unregister("dataset")
    assert "dataset" not in kinds()


def test_its_schema_says_what_its_model_checks(dataset: Kind) -> None:
    schema = json_schema(dataset)
    assert (schema["$id"], schema["required"]) == ("urn:research-hub:schema:dataset", ["name_zh"])
    assert node_at(schema, "licence")["anyOf"][0]["enum"] == ["CC0-1.0", "CC-BY-4.0"]
    assert node_at(schema, "curator")["x-openness"] == "agency"
    for data in (b'{"name_zh": "a", "files": 1}', b'{"files": 0}', b'{"name_zh": "a", "colour": 1}'):
        assert isinstance(validate_json(dataset, data), Valid) == (not list(faults(schema, orjson.loads(data))))
    without = json_schema(dataset)
    del without["properties"]["files"]
    assert incompatible(schema, without) == ["files: the field has been removed"]


def test_its_template_asks_for_its_fields(dataset: Kind) -> None:
    rows = list(csv.reader(io.StringIO(template(dataset, "zh", "csv").decode("utf-8-sig"))))
    assert rows == [headings(dataset, "zh")]
    assert "持有单位·单位名称" in rows[0]
    sheet = load_workbook(io.BytesIO(template(dataset, "en", "xlsx")))["Dataset"]
    assert [cell.value for cell in sheet[1]] == headings(dataset, "en")
    result = validate_text(dataset, example_row(dataset, "zh"))
    assert isinstance(result, Valid)
    assert (result.fields["files"], result.fields["keywords"]) == (12, ["示例", "试验"])


def test_it_is_mapped_and_documented(dataset: Kind) -> None:
    properties = index_mapping(kinds().values())["mappings"]["properties"]
    assert {"licence", "doi", "keywords", "holder.name_zh"} <= set(properties["facets"]["properties"])
    assert {"files", "issued"} <= set(properties["numbers"]["properties"])
    assert "holder" in properties["links"]["properties"]
    assert "curator" not in str(properties)
    document = kind_document(dataset)
    assert "## 数据集 · Dataset (`dataset`)" in document
    assert (
        "| `name_zh` | 数据集名称 · Chinese name | 文本 · text\\* | public | title | 例 · e.g. 示例数据集 |  |"
        in document
    )
    assert "`CC0-1.0`, `CC-BY-4.0`" in document


def test_it_is_none_of_the_contracts_that_the_hub_publishes(dataset: Kind) -> None:
    assert dataset.name not in contracts()
    assert main(["--check"]) == 0
