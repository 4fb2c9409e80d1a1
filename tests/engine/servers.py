"""The servers as containers, each for the time of a block; used where a Docker engine answers."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import ExecWaitStrategy, HttpWaitStrategy, LogMessageWaitStrategy

from app.devstack.ports import free_port
from tests.engine import SHORT_LIVED_JAVA
from tests.engine.daemon import Engine
from tests.engine.images import contents, ensure_images, service_images

START_SECONDS = 600
MEMORY, MEMORY_BYTES = "/dev/shm/data", "2g"
"""Where servers keep their data: it ends with them, and the disk of a test machine takes long to be sure of it."""
_KAFKA = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "INNER",
    "KAFKA_LISTENERS": "OUTER://:9092,INNER://:9094,CONTROLLER://:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "OUTER:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    **SHORT_LIVED_JAVA,
    "KAFKA_HEAP_OPTS": "-Xms512m -Xmx512m",
    "KAFKA_LOG_DIRS": MEMORY,
}
_ELASTICSEARCH = {
    **SHORT_LIVED_JAVA,
    "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
    "discovery.type": "single-node",
    "xpack.security.enabled": "false",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "path.data": MEMORY,
}


@contextmanager
def kafka_container() -> Iterator[str]:
    """The address of a broker; its port is chosen before it starts, since it tells its clients where it is."""
    port = free_port()
    container = DockerContainer(service_images()["kafka"], shm_size=MEMORY_BYTES).with_bind_ports(9092, port)
    host = container.get_container_host_ip()
    container.with_envs(**_KAFKA, KAFKA_ADVERTISED_LISTENERS=f"OUTER://{host}:{port},INNER://localhost:9094")
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(START_SECONDS))
    with container:
        yield f"{host}:{port}"


@contextmanager
def elasticsearch_container() -> Iterator[str]:
    """The address of a node."""
    container = DockerContainer(service_images()["elasticsearch"], mem_limit="3g", shm_size=MEMORY_BYTES)
    container.with_exposed_ports(9200).with_envs(**_ELASTICSEARCH)
    container.waiting_for(HttpWaitStrategy(9200).with_startup_timeout(START_SECONDS))
    with container:
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9200)}"


@contextmanager
def postgresql_container() -> Iterator[str]:
    """The address of a database."""
    container = DockerContainer(service_images()["postgresql"], shm_size=MEMORY_BYTES).with_exposed_ports(5432)
    container.with_envs(POSTGRES_USER="hub", POSTGRES_PASSWORD="hub", POSTGRES_DB="hub", PGDATA=MEMORY)
    # Over TCP: the temporary server of a first start listens on its socket alone.
    ready = ExecWaitStrategy(["pg_isready", "-q", "-h", "127.0.0.1", "-U", "hub", "-d", "hub"])
    container.waiting_for(ready.with_startup_timeout(START_SECONDS))
    with container:
        yield f"postgresql://hub:hub@{container.get_container_host_ip()}:{container.get_exposed_port(5432)}/hub"


_CONTAINERS: Mapping[str, Callable[[], AbstractContextManager[str]]] = {
    "kafka": kafka_container,
    "elasticsearch": elasticsearch_container,
    "postgresql": postgresql_container,
}


@contextmanager
def server_container(name: str) -> Iterator[tuple[str, str]]:
    """The address of the server, by its name, and what its image is."""
    service, engine = name.lower(), Engine(os.environ.get("DOCKER_HOST", ""))
    ensure_images(engine, [service])
    if engine.own:
        # The image of the container that would clear away comes from a registry; an engine of ours does that itself.
        testcontainers_config.ryuk_disabled = True
        # Where the tests run in a container, the engine does too.
        testcontainers_config.connection_mode_override = ConnectionMode.docker_host
        testcontainers_config.tc_host_override = "127.0.0.1"
    with _CONTAINERS[service]() as address:
        yield address, contents(engine, service_images()[service])
