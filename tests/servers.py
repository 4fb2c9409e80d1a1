"""Real servers for the tests: containers where a Docker engine answers, else child processes; started once a run.

A server that cannot be had here is told of at the end of the run; with HUB_REQUIRE_SERVERS it is a failure.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hub.stack.cache import DownloadFailed
from hub.stack.failed import ServerFailed

RAN_ON: dict[str, str] = {"SQLite": sqlite3.sqlite_version}
"""Servers and versions that this run used."""
NOT_HAD: dict[str, str] = {}
"""Servers that could not be had, and why."""
PULL_SECONDS = 20


@lru_cache(maxsize=1)
def docker_answers() -> bool:
    """Whether a Docker engine answers, not only its client."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=PULL_SECONDS)
    return done.returncode == 0


def had(name: str, start: Callable[[], Any]) -> Any:
    """What `start` gives, or a skip that the summary lists (a failure where servers are required)."""
    try:
        return start()
    except (ServerFailed, DownloadFailed, ImportError) as error:
        NOT_HAD[name] = str(error).splitlines()[0][:300]
        if os.environ.get("HUB_REQUIRE_SERVERS"):
            raise
        pytest.skip(f"{name} cannot be had here: {NOT_HAD[name]}")


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that the servers' own user can reach, which pytest's private ones are not."""
    folder = Path(tempfile.mkdtemp(prefix="hub-servers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap(servers_folder: Path) -> Iterator[str]:
    """The address of a Kafka broker."""
    if docker_answers():
        yield from _kafka_container()
        return
    from hub.stack.kafka import VERSION, Kafka

    def start() -> Kafka:
        node = Kafka(servers_folder / "kafka")
        node.start()
        node.wait()
        return node

    node = had("Kafka", start)
    RAN_ON["Kafka"] = f"{VERSION} (child process)"
    yield node.bootstrap
    node.stop()


@pytest.fixture(scope="session")
def elasticsearch_url(servers_folder: Path) -> Iterator[str]:
    """The address of an Elasticsearch node."""
    if docker_answers():
        yield from _elasticsearch_container()
        return
    from hub.stack.elasticsearch import VERSION, Elasticsearch

    def start() -> Elasticsearch:
        node = Elasticsearch(servers_folder / "elasticsearch")
        node.start()
        node.wait()
        return node

    node = had("Elasticsearch", start)
    RAN_ON["Elasticsearch"] = f"{VERSION} (child process)"
    yield node.url
    node.stop()


@pytest.fixture(scope="session")
def postgresql_dsn(servers_folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL database."""
    if docker_answers():
        yield from _postgresql_container()
        return
    from hub.stack.postgresql import Postgresql, server_version

    def start() -> Postgresql:
        server = Postgresql(servers_folder / "postgresql")
        server.start()
        server.wait()
        return server

    server = had("PostgreSQL", start)
    RAN_ON["PostgreSQL"] = f"{server_version()} (child process)"
    yield server.dsn
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgresql_dsn: str) -> str:
    """A database with every table, of which `database` makes copies; returns the server's address."""
    import psycopg

    from hub.adapters.postgresql import migrate

    with psycopg.connect(postgresql_dsn, autocommit=True) as sql:
        sql.execute("CREATE DATABASE migrated")
    migrate(_named(postgresql_dsn, "migrated"))
    return postgresql_dsn


@pytest.fixture
def database(migrated_template: str) -> Iterator[str]:
    """The address of a database of this test's own, with every table and no row."""
    import psycopg

    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(migrated_template, autocommit=True) as sql:
        sql.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
        yield _named(migrated_template, name)
        sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(database: str) -> Iterator[Any]:
    """A hub.adapters.postgresql.PostgresDatabase of this test's own."""
    from hub.adapters.postgresql import PostgresDatabase

    opened = PostgresDatabase(database)
    yield opened
    opened.close()


@pytest.fixture
def killable_postgresql(servers_folder: Path) -> Iterator[Any]:
    """A migrated hub.stack.postgresql.Postgresql of this test's own, a child process in any case."""
    from hub.adapters.postgresql import migrate
    from hub.stack.postgresql import Postgresql, server_version

    def start() -> Postgresql:
        server = Postgresql(servers_folder / f"killed-{uuid4().hex[:12]}")
        server.start()
        server.wait()
        return server

    server = had("PostgreSQL", start)
    RAN_ON["PostgreSQL"] = f"{server_version()} (child process)"
    migrate(server.dsn)
    yield server
    server.stop()


def _named(dsn: str, database: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{database}"


def _kafka_container() -> Iterator[str]:
    from testcontainers.kafka import KafkaContainer

    with KafkaContainer("apache/kafka:4.4.0") as container:
        RAN_ON["Kafka"] = "4.4.0 (container)"
        yield container.get_bootstrap_server()


def _elasticsearch_container() -> Iterator[str]:
    from testcontainers.elasticsearch import ElasticSearchContainer

    image = "docker.elastic.co/elasticsearch/elasticsearch:9.4.3"
    with ElasticSearchContainer(image, mem_limit="2g") as container:
        RAN_ON["Elasticsearch"] = "9.4.3 (container)"
        yield container.get_url()


def _postgresql_container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer("postgres:17", username="hub", password="hub", dbname="hub", driver=None) as container:
        RAN_ON["PostgreSQL"] = "17 (container)"
        yield container.get_connection_url()
