"""What commands on the real profile share: its libraries are there, and what its servers answer is told in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import httpx

from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

LIBRARIES = ("kafka", "elasticsearch", "psycopg", "alembic")
INSTALL = bilingual("cli.servers.install")


def missing_libraries() -> list[str]:
    """The clients of the servers that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def check_libraries(session: Session) -> None:
    """Stop where a client of the servers is missing."""
    if lacking := missing_libraries():
        listed = ", ".join(lacking)
        session.stop(WRONG_USAGE, bilingual("cli.servers.libraries-missing", listed=listed), INSTALL)


@contextmanager
def telling_failures(session: Session, settings: Settings) -> Iterator[None]:
    """Tell which store could not be used in place of a traceback."""
    if settings.profile == "real":
        check_libraries(session)
    try:
        yield
    except failures() as error:
        session.stop(
            UNREACHABLE,
            bilingual("cli.servers.was-not-completed", error=error),
            bilingual("cli.servers.run-hub-doctor-see"),
        )


def failures() -> tuple[type[Exception], ...]:
    """The errors of servers, disks and stores, whose libraries may not be there."""
    errors: list[type[Exception]] = [httpx.HTTPError, OSError, RuntimeError, ValueError, LookupError, sqlite3.Error]
    if find_spec("kafka"):
        from kafka.errors import KafkaError

        errors.append(KafkaError)
    if find_spec("psycopg"):
        from psycopg import Error

        errors.append(Error)
    if find_spec("sqlalchemy"):
        from sqlalchemy.exc import SQLAlchemyError

        errors.append(SQLAlchemyError)
    if find_spec("elastic_transport"):
        from elastic_transport import ApiError, TransportError

        errors += [ApiError, TransportError]
    return tuple(errors)
