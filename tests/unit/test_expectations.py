"""What a check expects is told in the reader's language alone, whatever the check."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from fastapi import Body, FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel
from pydantic_core import core_schema

from hub.kernel.expectations import expected
from hub.text.messages import messages
from hub.web.problems import install_problem_handlers
from schemas.http import OPERATIONS
from schemas.kind import kinds

pytestmark = pytest.mark.unit
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
TYPES = frozenset(get_args(core_schema.ErrorType))
PYTHON_ALONE = re.compile(
    r"arguments_|missing_(arg|key|pos|sent)|(un)?expected_(key|pos)|multiple_argument|unexpected_|frozen_(field|inst|dict)"
    r"|(data|default_f|named_|counter|deque|ordered_|callable|complex|fraction|recursion|iteration_|needs_|no_such|is_)"
    r"|get_attribute|set_item_|ellipsis"
)
"""Errors about values of Python that JSON and query strings have none of."""
OWN_WORDS = frozenset({"value_error", "assertion_error"})
"""Told by the hub's own checks, which raise errors of types of their own instead."""
NODES: Mapping[str, str] = {
    "str": "string_",
    "int": "int_",
    "float": "float_|finite_number",
    "bool": "bool_",
    "decimal": "decimal_",
    "date": "date_",
    "datetime": "datetime_|timezone_",
    "tuple": "tuple_type|too_",
    "literal": "literal_error",
    "model": "model_type|model_attributes_type",
    "model-fields": "missing$|extra_forbidden|invalid_key",
    "nullable": "none_required",
}
"""What each node of pydantic-core's schemas can find wrong, by the beginning of the error's type."""
BOUNDS = {"ge": "greater_than_equal", "gt": "greater_than", "le": "less_than_equal", "lt": "less_than"}
TRANSPARENT = re.compile(r"default|union|definition|chain|function-|no-info|with-info|model-field$|json")
CONTEXT: Mapping[str, Any] = {
    **dict.fromkeys(("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "max_digits"), 7),
    **dict.fromkeys(("whole_digits", "decimal_places", "actual_length", "limit_value"), 7),
    "expected": "'甲', '乙' or '丙'",
    "expected_tags": "'甲', '乙'",
    "pattern": "^[0-9]+$",
    "discriminator": "类别",
    "error": "Expecting value",
    "list": "甲",
    "other": "甲",
    "start": "2024",
}
NOT_WORDS = {"JSON", "UTF", "ASCII", "UUID", "PT", "DOI", "ORCID", "ROR", "GB", "IANA", "Handle", "zh", "en"}
MADE = re.compile(r"10\.\S+|https?://\S*|\S+@\S+|[A-Z][a-z]+/[A-Z][a-z]+|[0-9a-f-]{36}|[\dT:+-]{5,}|PT1H30M")


def words_in(chinese: str) -> set[str]:
    """Words that are no Chinese ones, names and examples aside."""
    return set(re.findall(r"[A-Za-z]{2,}", MADE.sub("", chinese))) - NOT_WORDS


def told() -> Iterator[str]:
    """The types of errors that the hub tells of in words of its own."""
    yield from (code.removeprefix("expected.") for code in messages() if code.startswith("expected."))


def nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("type"), str):
            yield schema
        yield from (node for name, part in schema.items() if name != "metadata" for node in nodes(part))
    elif isinstance(schema, list | tuple):
        yield from (node for part in schema for node in nodes(part))


def models() -> Iterator[type[BaseModel]]:
    for operation in OPERATIONS:
        yield from (model for model in (operation.query, operation.body) if model)
    yield from (kind.model for kind in kinds().values())


def errors_of(model: type[BaseModel]) -> Iterator[str]:
    """The types of errors that a model can give; AssertionError for a kind of check that this test does not know."""
    for node in nodes(model.__pydantic_core_schema__):
        kind = str(node["type"])
        if kind in NODES:
            yield from (name for name in TYPES if re.match(NODES[kind], name))
            yield from (BOUNDS[name] for name in node.keys() & BOUNDS.keys())
        else:
            assert TRANSPARENT.match(kind), kind


def raised() -> Iterator[str]:
    """The codes of the checks of record kinds."""
    for path in SCHEMAS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                code = node.args[0]
                if node.func.id in {"PydanticCustomError", "_wrong"} and isinstance(code, ast.Constant):
                    yield str(code.value)


def test_every_error_of_a_model_has_its_sentence() -> None:
    possible = {code for model in models() for code in errors_of(model)} | set(raised())
    assert len(possible) > 50
    assert possible - set(told()) == set()


def test_so_has_every_other_that_what_is_sent_can_bring() -> None:
    assert {code for code in TYPES - OWN_WORDS - set(told()) if not PYTHON_ALONE.match(code)} == set()


@pytest.mark.parametrize("code", sorted({*told(), *OWN_WORDS, "of another release"}))
def test_a_chinese_sentence_has_no_word_of_english(code: str) -> None:
    sentence = expected(code, CONTEXT)
    assert words_in(sentence.zh) == set()
    assert "{" not in sentence.zh + sentence.en
    assert not re.search("[㐀-鿿]", re.sub("[甲乙丙]|类别", "", sentence.en))


def test_words_of_english_are_found() -> None:
    assert words_in("符合要求的取值（Input should be 3）") == {"Input", "should", "be"}


def test_limits_and_allowed_values_are_told() -> None:
    assert expected("literal_error", CONTEXT).zh == "以下之一：甲、乙、丙"
    assert expected("literal_error", CONTEXT).en == "one of 甲, 乙, 丙"
    assert expected("greater_than_equal", CONTEXT).zh == "不小于 7"
    assert expected("string_too_long", CONTEXT).en == "at most 7 characters"


WRONG = ("x" * 5_000, "", "-1", "99999999999999999999", "1.5", "[1]", "\\")
BODIES = (None, 1, "a", [], {}, [{}], {"unknown": 1})


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.query or one.body], ids=lambda one: one.id)
def test_a_refusal_names_the_field_and_says_what_was_expected(operation: Any) -> None:
    client = TestClient(refusing(operation))
    refused = 0
    sent: list[dict[str, Any]] = []
    if operation.query:
        names = [field.alias or name for name, field in operation.query.model_fields.items()]
        sent += [{"params": {name: value}} for name in names for value in WRONG]
    if operation.body:
        members = [name for name in operation.body.model_fields if name != "root"]
        sent += [{"json": body} for body in BODIES]
        sent += [{"json": {name: value}} for name in members for value in (*WRONG, *BODIES)]
    for one in sent:
        answer = client.request(operation.method, "/", headers={"Accept-Language": "zh"}, **one)
        assert answer.status_code in (200, 422)
        for error in answer.json()["errors"] if answer.status_code == 422 else ():
            refused += 1
            assert error["field"], error
            assert words_in(error["expected"]) == set(choices(error["expected"])), error
            assert error["code"] in set(told()), error
    assert refused or not constrained(operation)


def choices(sentence: str) -> list[str]:
    """The allowed values that a sentence lists, which are the contract's own words."""
    _, colon, values = sentence.partition("以下之一：")
    return [word for value in values.split("、") if colon for word in re.findall(r"[A-Za-z]{2,}", value)]


def constrained(operation: Any) -> bool:
    return bool(operation.body) or any(
        node["type"] not in ("str", "nullable", "default", "model", "model-fields", "model-field", "tuple")
        for node in nodes(operation.query.__pydantic_core_schema__)
    )


def refusing(operation: Any) -> FastAPI:
    """An application whose one route takes what the models of the operation say."""
    app = FastAPI()
    install_problem_handlers(app)
    assert not (operation.body and operation.query), "one of them would be left out here"
    model, place = (operation.body, Body()) if operation.body else (operation.query, Query())

    def endpoint(sent: Any) -> None: ...

    endpoint.__annotations__ = {"sent": Annotated[model, place], "return": None}
    app.add_api_route("/", endpoint, methods=[operation.method])
    return app
