"""What commands on the real profile share: its libraries are there, and what its servers answer is told in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import httpx

from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from hub.kernel.language import Bilingual
from hub.runtime.settings import Settings

LIBRARIES = ("kafka", "elasticsearch", "psycopg", "alembic")
INSTALL = Bilingual("安装 research-resource-hub[real]。", "Install research-resource-hub[real].")


def missing_libraries() -> list[str]:
    """The clients of the servers that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def check_libraries(told: Session) -> None:
    """Stop where a client of the servers is missing."""
    if lacking := missing_libraries():
        listed = ", ".join(lacking)
        told.stop(WRONG_USAGE, Bilingual(f"缺少程序库：{listed}", f"Libraries are missing: {listed}"), INSTALL)


@contextmanager
def telling_failures(told: Session, settings: Settings) -> Iterator[None]:
    """Tell which store could not be used in place of a traceback."""
    if settings.profile == "real":
        check_libraries(told)
    try:
        yield
    except failures() as error:
        told.stop(
            UNREACHABLE,
            Bilingual(f"没有完成：{error}", f"It was not completed: {error}"),
            Bilingual("运行 hub doctor 查看原因与解决办法。", "Run hub doctor to see why and what helps."),
        )


def failures() -> tuple[type[Exception], ...]:
    """The errors of servers, disks and stores, whose libraries may not be there."""
    found: list[type[Exception]] = [httpx.HTTPError, OSError, RuntimeError, ValueError, LookupError, sqlite3.Error]
    if find_spec("kafka"):
        from kafka.errors import KafkaError

        found.append(KafkaError)
    if find_spec("psycopg"):
        from psycopg import Error

        found.append(Error)
    if find_spec("sqlalchemy"):
        from sqlalchemy.exc import SQLAlchemyError

        found.append(SQLAlchemyError)
    if find_spec("elastic_transport"):
        from elastic_transport import ApiError, TransportError

        found += [ApiError, TransportError]
    return tuple(found)
