"""Real servers for the tests: containers where a Docker engine answers, else child processes; started once a run.

A server that cannot be had here is told of at the end of the run; with HUB_REQUIRE_SERVERS or CI it is a failure, also
where it is for want of a JDK, which comes with no package of PyPI.
"""

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.devstack.cache import DownloadFailed
from app.devstack.hold import ServerFailed
from tests.engine.hold import SHARED
from tests.summary import CONTAINER, NOT_HAD, RAN_ON

ENGINE_SECONDS = 120
REQUIRED_BY = ("HUB_REQUIRE_SERVERS", "CI")
PROCESSES: Mapping[str, tuple[str, str, str]] = {
    "Kafka": ("app.devstack.kafka", "Kafka", "bootstrap"),
    "Elasticsearch": ("app.devstack.elasticsearch", "Elasticsearch", "url"),
    "PostgreSQL": ("app.devstack.postgresql", "Postgresql", "dsn"),
}
"""The module and the class of each server as a child process, and its attribute that is the address."""


@lru_cache(maxsize=1)
def docker_answers() -> bool:
    """Whether a Docker engine answers, not only its client."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=ENGINE_SECONDS)
    return done.returncode == 0


def had(name: str, start: Callable[[], Any]) -> Any:
    """What `start` gives, or a skip that the summary lists; where servers are required, a failure."""
    try:
        return start()
    except (ServerFailed, DownloadFailed, ImportError) as error:
        NOT_HAD[name] = str(error).splitlines()[0][:300]
        if any(map(os.environ.get, REQUIRED_BY)):
            raise
        pytest.skip(f"{name} cannot be had here: {NOT_HAD[name]}")


@contextmanager
def served(name: str, folder: Path) -> Iterator[str]:
    """The server's address: a container's where one runs for all tests or starts, else that of a child process."""
    with ExitStack() as stack:
        address = _shared(name) or (_contained(name, stack) if docker_answers() else "")
        yield address or stack.enter_context(_process(name, folder))


def _shared(name: str) -> str:
    """Empty where the tests were not started beside an engine of their own."""
    address, image = json.loads(os.environ.get(SHARED, "{}")).get(name.lower(), ("", ""))
    if address:
        RAN_ON[CONTAINER + name.lower()] = image
    return str(address)


def _contained(name: str, stack: ExitStack) -> str:
    """Empty where the container cannot be had: images are not always within reach where an engine is."""
    try:
        from tests.engine.servers import server_container

        address, image = stack.enter_context(server_container(name))
    except Exception as error:  # the engine's client has errors of its own for each way to fail
        if any(map(os.environ.get, REQUIRED_BY)):
            raise
        warnings.warn(f"no container of {name}: {error}", stacklevel=2)
        return ""
    RAN_ON[CONTAINER + name.lower()] = image
    return address


@contextmanager
def _process(name: str, folder: Path) -> Iterator[str]:
    module, made, address = PROCESSES[name]

    def start() -> Any:
        # Imported only now, since the libraries that fetch the servers are not there for every system.
        node = getattr(import_module(module), made)(folder / made.lower())
        node.start()
        node.wait()
        return node

    node = had(name, start)
    stack = import_module(module)
    RAN_ON[name] = f"{getattr(stack, 'VERSION', '') or stack.server_version()} (child process)"
    try:
        yield getattr(node, address)
    finally:
        node.stop()


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
    with served("Kafka", servers_folder) as address:
        yield address


@pytest.fixture(scope="session")
def elasticsearch_url(servers_folder: Path) -> Iterator[str]:
    """The address of an Elasticsearch node."""
    with served("Elasticsearch", servers_folder) as address:
        yield address


@pytest.fixture(scope="session")
def postgresql_dsn(servers_folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL database."""
    with served("PostgreSQL", servers_folder) as address:
        yield address


@pytest.fixture(scope="session")
def migrated_template(postgresql_dsn: str) -> str:
    """The name of a database with every table, of which `database` makes copies."""
    import psycopg

    from hub.sql.postgresql import migrate

    name = f"migrated_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_dsn, autocommit=True) as sql:
        sql.execute(f"CREATE DATABASE {name}")
    migrate(_named(postgresql_dsn, name))
    return name


@pytest.fixture
def database(postgresql_dsn: str, migrated_template: str) -> Iterator[str]:
    """The address of a database of this test's own, with every table and no row."""
    import psycopg

    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_dsn, autocommit=True) as sql:
        sql.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
        yield _named(postgresql_dsn, name)
        sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(database: str) -> Iterator[Any]:
    """A hub.sql.postgresql.PostgresDatabase of this test's own."""
    from hub.sql.postgresql import PostgresDatabase

    opened = PostgresDatabase(database)
    yield opened
    opened.close()


@pytest.fixture
def killable_postgresql(servers_folder: Path) -> Iterator[Any]:
    """A migrated app.devstack.postgresql.Postgresql of this test's own, a child process in any case."""
    from app.devstack.postgresql import Postgresql, server_version
    from hub.sql.postgresql import migrate

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
