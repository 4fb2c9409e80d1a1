"""Log lines: one an event, machine-readable, and without anything private."""

import io
import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hub.kernel.problems import Problem, Refusal
from hub.observability import logs
from hub.text.language import Bilingual

pytestmark = pytest.mark.unit
PRIVATE = [
    "13812345678",
    "+86 138 1234 5678",
    "0571-87951234",
    "+44 (0)20 7946 0958",
    "11010519491231002X",
    "li.hua+lab@mail.zju.edu.cn",
    "vault:pQ3_x-9aZ=",
    "Bearer s3cr3tT0k3n-abc",
    "token=s3cr3tT0k3n&next=/",
    'hub_token: "s3cr3tT0k3n"',
    f"/sign-in?link=hub_lnk-abcdefghij234567_{'s3cr3tT0k3n-_' * 3}abcd",
    "postgresql://hub:hunter2@db:5432/hub",
]
SECRETS = ("1381234", "138 1234", "87951234", "7946", "19491231", "li.hua", "pQ3_x", "s3cr3t", "hunter2")
KEPT = [
    "receipt 5f2b6c0e9d1a4f7e8b3c2d1e0f9a8b7c broke off after 12 batches",
    "1784123456.123 seconds, 20260102 rows, 127.0.0.1:9092",
    "instrument-q3k5x7a2m4n6p8r0s1t2 at 2026-01-02T03:04:05.678901Z",
    "submissions/0@13812345: 0 entries",
]


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root, level = logging.getLogger(), logging.getLogger().level
    before = list(root.handlers)
    logs.configure("json", "info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(told: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in told.getvalue().splitlines()]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_looks_private_is_taken_out_wherever_it_stands(told: io.StringIO, text: str) -> None:
    log = logging.getLogger("hub.test")
    log.info(f"联系 {text}，请")
    log.warning("row says %s and %r", text, text)
    log.error("failed", extra={"fields": {"detail": text, "token": "s3cr3t", "phone": 13812345678}})
    try:
        raise OSError(text)
    except OSError as error:
        log.exception("no connection: %s", error)
    assert [one for one in SECRETS if one in told.getvalue()] == []
    assert len(lines(told)) == 4


@pytest.mark.parametrize("text", KEPT)
def test_what_operators_need_is_kept(text: str) -> None:
    assert logs.scrubbed(text) == text


class Row(BaseModel):
    age: int


def _parsed(value: str) -> Any:
    return Row.model_validate({"age": value})


def _refused(value: str) -> Any:
    raise Refusal(Problem("bad", Bilingual("数", "a number"), value))


def _looked_up(value: str) -> Any:
    return {}[value]


def _constrained(value: str) -> Any:
    raise sqlite3.IntegrityError(f"Key (name)=({value}) exists")


@pytest.mark.parametrize("fails", [_parsed, _refused, _looked_up, _constrained, int, orjson.loads, "a".index])
def test_errors_about_data_never_quote_them(told: io.StringIO, fails: Callable[[str], Any]) -> None:
    try:
        try:
            fails("李华的住址")
        except Exception as error:
            raise RuntimeError("the batch failed") from error
    except RuntimeError as error:
        logging.getLogger("hub.test").exception("broke off: %s", error.__cause__)
    assert "李华" not in told.getvalue()
    (line,) = lines(told)
    outer, inner = line["error"]
    assert (outer["type"], outer["message"]) == ("RuntimeError", "the batch failed")
    assert inner["message"] == ""
    assert inner["type"].split(".")[-1] in line["message"]
    assert all("test_observability_logs.py" in place for place in outer["at"])


def test_errors_of_machines_say_what_is_wrong() -> None:
    assert logs.error_message(ConnectionRefusedError(111, "Connection refused")) == "[Errno 111] Connection refused"
    assert logs.error_message(sqlite3.OperationalError("database is locked")) == "database is locked"
    psycopg = pytest.importorskip("psycopg")
    assert logs.error_message(psycopg.errors.AdminShutdown("terminating\nDETAIL: x")) == "terminating"
    assert logs.error_message(psycopg.errors.UniqueViolation("Key (name)=(x) exists")) == ""


def test_a_line_is_json_with_the_time_in_utc_and_its_fields(told: io.StringIO) -> None:
    logging.getLogger("hub.test").info("%d rows\nof two lines", 3, extra={"fields": {"rows": 3, "list": [1]}})
    (line,) = lines(told)
    assert line["time"].endswith("Z")
    assert {name: line[name] for name in ("level", "logger", "message", "fields")} == {
        "level": "info",
        "logger": "hub.test",
        "message": "3 rows\nof two lines",
        "fields": {"rows": 3, "list": "list"},
    }


def test_people_get_text_and_a_second_set_up_replaces_the_first(told: io.StringIO) -> None:
    text = io.StringIO()
    text.isatty = lambda: True  # type: ignore[method-assign]
    logs.configure("auto", "warning", text)
    try:
        raise TimeoutError("no answer")
    except TimeoutError:
        logging.getLogger("hub.test").exception("failed", extra={"fields": {"worker": "curation.merge"}})
    logging.getLogger("hub.test").info("not told")
    assert told.getvalue() == ""
    first, second, *places = text.getvalue().splitlines()
    assert first.endswith("ERROR hub.test failed worker=curation.merge")
    assert second == "  TimeoutError: no answer"
    assert places


@settings(max_examples=40)
@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["{}", "电话{}。", "tel:{}", "({})", "a {} b"])
)
def test_no_mobile_number_passes(number: str, around: str) -> None:
    assert number not in logs.scrubbed(around.format(number))
