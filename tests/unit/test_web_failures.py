"""What a caller is told when a server behind the hub is away, and when the hub itself is wrong."""

import sqlite3

import psycopg
import pytest
from elastic_transport import ConnectionTimeout
from fastapi import FastAPI
from fastapi.testclient import TestClient
from kafka.errors import KafkaTimeoutError

from hub.web.problems import install_problem_handlers


def answered(error: Exception) -> tuple[int, str, str | None]:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/")
    def fail() -> None:
        raise error

    answer = TestClient(app, raise_server_exceptions=False).get("/", headers={"Accept-Language": "zh"})
    return answer.status_code, answer.json()["errors"][0]["message"], answer.headers.get("Retry-After")


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


def test_a_fault_of_the_hub_tells_nothing_of_its_inside() -> None:
    status, message, again = answered(ValueError("secret thing"))
    assert (status, again) == (500, None)
    assert "secret" not in message
