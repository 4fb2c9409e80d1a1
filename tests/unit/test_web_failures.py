"""What a caller is told when a server behind the hub is away, the disk is full, or the hub itself is wrong."""

import errno
import sqlite3
from typing import Any

import psycopg
import pytest
from elastic_transport import ConnectionTimeout
from fastapi import FastAPI
from fastapi.testclient import TestClient
from kafka.errors import KafkaTimeoutError

from hub.web.failures import Failures
from hub.web.problems import install_problem_handlers


def failing(error: Exception) -> FastAPI:
    app = FastAPI()
    app.add_middleware(Failures)

    @app.post("/")
    def fail() -> None:
        raise error

    return app


def answered(error: Exception) -> tuple[int, str, str | None]:
    answer = TestClient(failing(error)).post("/", headers={"Accept-Language": "zh"})
    return answer.status_code, answer.json()["errors"][0]["message"], answer.headers.get("Retry-After")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def full_database() -> sqlite3.Error:
    with sqlite3.connect(":memory:") as small:
        small.execute("PRAGMA max_page_count = 2")
        small.execute("CREATE TABLE t (a)")
        with pytest.raises(sqlite3.Error) as raised:
            small.execute("INSERT INTO t VALUES (zeroblob(100000))")
    return raised.value


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused at 10.0.0.1"),
        ConnectionTimeout("timed out"),
        KafkaTimeoutError("no broker"),
        sqlite3.OperationalError("database is locked"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_is_away_asks_for_patience(error: Exception) -> None:
    status, message, again = answered(error)
    assert (status, again) == (503, "5")
    assert "稍后重试" in message
    assert "10.0.0.1" not in message


@pytest.mark.parametrize(
    "error",
    [
        full_database(),
        psycopg.errors.DiskFull('could not extend file "base/5/1"'),
        OSError(errno.ENOSPC, "No space left on device", "/srv/hub/records.db"),
        caused(RuntimeError("not committed"), full_database()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_disk_is_told_as_such(error: Exception) -> None:
    status, message, again = answered(error)
    assert (status, again) == (507, None)
    assert "磁盘已满" in message
    assert "base" not in message
    assert "/srv" not in message


def test_a_fault_of_the_hub_tells_nothing_of_its_inside() -> None:
    status, message, again = answered(ValueError("secret thing"))
    assert (status, again) == (500, None)
    assert "secret" not in message


def test_an_answer_that_has_begun_is_broken_off() -> None:
    async def breaks_off(_: object, __: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    with pytest.raises(ValueError):
        TestClient(Failures(breaks_off)).get("/")


def test_a_method_that_is_none_is_told_all_that_the_address_takes() -> None:
    app = FastAPI()
    install_problem_handlers(app)
    app.get("/things/{name}")(lambda name: name)
    app.delete("/things/{name}")(lambda name: name)
    answer = TestClient(app).post("/things/a")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET")
