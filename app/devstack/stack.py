"""The servers of one folder together: at each start with the same data and, where they are free, the same ports."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import orjson

from app.devstack import elasticsearch, hold, kafka
from app.devstack.cache import OnProgress, silent
from app.devstack.elasticsearch import Elasticsearch
from app.devstack.hold import ServerFailed
from app.devstack.java import java, jdk_home
from app.devstack.kafka import Kafka
from app.devstack.ports import Claims, accepts, is_free
from app.devstack.postgresql import Postgresql, programs_folder

LAYOUT_FILE = "stack.json"
KAFKA_PORT, ELASTICSEARCH_PORT, POSTGRESQL_PORT = 9092, 9200, 5432
REPLICAS = 3
"""At most; all but one of them must have an entry before it is acknowledged."""


class Server(Protocol):
    """What the servers have in common."""

    def start(self) -> None: ...
    def wait(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def running(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """What a folder keeps about its servers: the ports of `brokers` Kafka nodes and of the others."""

    cluster: str
    kafka: tuple[int, ...]
    controllers: tuple[int, ...]
    elasticsearch: int
    postgresql: int

    @property
    def brokers(self) -> int:
        return len(self.kafka)

    @property
    def ports(self) -> tuple[int, ...]:
        return (*self.kafka, *self.controllers, self.elasticsearch, self.postgresql)

    def environment(self) -> dict[str, str]:
        """The settings by which the hub finds these servers, and makes its topics there."""
        replicas = min(REPLICAS, self.brokers)
        return {
            "HUB_PROFILE": "real",
            "HUB_KAFKA_REPLICATION": str(replicas),
            "HUB_KAFKA_MIN_INSYNC": str(max(1, replicas - 1)),
            "HUB_KAFKA_BOOTSTRAP": ",".join(f"127.0.0.1:{port}" for port in self.kafka),
            "HUB_ELASTICSEARCH_URL": f"http://127.0.0.1:{self.elasticsearch}",
            "HUB_POSTGRESQL_DSN": f"postgresql://hub@127.0.0.1:{self.postgresql}/hub",
        }

    def answering(self) -> list[tuple[str, str, bool]]:
        """Each server's name and address, and whether somebody listens there."""
        environment = self.environment()
        return [
            ("Kafka", environment["HUB_KAFKA_BOOTSTRAP"], all(map(accepts, self.kafka))),
            ("Elasticsearch", environment["HUB_ELASTICSEARCH_URL"], accepts(self.elasticsearch)),
            ("PostgreSQL", environment["HUB_POSTGRESQL_DSN"], accepts(self.postgresql)),
        ]


def read_layout(folder: Path) -> Layout | None:
    """What the folder keeps; None where there was no start yet."""
    path = folder / LAYOUT_FILE
    if not path.exists():
        return None
    kept = orjson.loads(path.read_bytes())
    return Layout(**kept | {"kafka": tuple(kept["kafka"]), "controllers": tuple(kept["controllers"])})


def missing_bytes() -> int:
    """How much a first start has to download."""
    return kafka.missing_bytes() + elasticsearch.missing_bytes()


def fetch(on_progress: OnProgress = silent) -> None:
    """Have every server's files at hand; ServerFailed for what this machine lacks, before anything is downloaded."""
    jdk_home()
    programs_folder()
    java()
    kafka.class_path(on_progress)
    elasticsearch.fetched_home(on_progress)


class Stack:
    """The servers of a folder; the caller sees to it that it alone works on the folder.

    `brokers` is what the folder was begun with, where it has been; ServerFailed where it is to be another number.
    """

    def __init__(self, folder: Path, brokers: int | None = None) -> None:
        self.folder = folder.absolute()
        self._kept = read_layout(self.folder)
        if self._kept and brokers not in (None, self._kept.brokers):
            raise ServerFailed(f"{folder} has the data of {self._kept.brokers} Kafka broker(s), not of {brokers}")
        self._brokers = brokers or 1
        self._servers: dict[str, Server] = {}
        self._claims = Claims()

    def start(self, on_step: Callable[[str], None]) -> Layout:
        """Start every server and wait until all of them answer; `on_step` hears of each one that does.

        What an earlier start left running is ended before, so that its ports are free again. A second attempt is made
        where another program has taken a port between its choice and its use.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("*/*.lock"):
            hold.end_left_over(path)
        try:
            return self._start(on_step)
        except ServerFailed:
            self.stop()
            if not self._kept or all(map(is_free, self._kept.ports)):
                raise
        return self._start(on_step)

    def _start(self, on_step: Callable[[str], None]) -> Layout:
        self._kept = layout = _claimed(self._kept or _usual(self._brokers), self._claims)
        (self.folder / LAYOUT_FILE).write_bytes(orjson.dumps(asdict(layout)))
        self._servers = _servers(self.folder, layout)
        for server in self._servers.values():
            # In this thread, where an interrupt ends what a server's first start runs before it.
            server.start()
        for name, server in self._servers.items():
            server.wait()
            on_step(name)
        return layout

    def members(self) -> dict[str, Server]:
        """The servers by name, once they have been started."""
        return dict(self._servers)

    def ended(self) -> list[str]:
        """The servers that do not run any more."""
        return [name for name, server in self._servers.items() if not server.running()]

    def stop(self) -> None:
        """End every server; the data stays."""
        if self._servers:
            with ThreadPoolExecutor(len(self._servers)) as pool:
                list(pool.map(lambda server: server.stop(), self._servers.values()))
        self._claims.release()


def _servers(folder: Path, layout: Layout) -> dict[str, Server]:
    """The servers by the names of their folders, the slowest to start first."""
    nodes = {
        f"kafka-{node}": Kafka(
            folder / f"kafka-{node}", node=node, voters=layout.controllers, port=port, cluster=layout.cluster
        )
        for node, port in enumerate(layout.kafka, 1)
    }
    return {
        "elasticsearch": Elasticsearch(folder / "elasticsearch", layout.elasticsearch),
        **nodes,
        "postgresql": Postgresql(folder / "postgresql", layout.postgresql),
    }


def _usual(brokers: int) -> Layout:
    return Layout(
        cluster=kafka.cluster_id(),
        kafka=tuple(KAFKA_PORT + 2 * number for number in range(brokers)),
        controllers=tuple(KAFKA_PORT + 1 + 2 * number for number in range(brokers)),
        elasticsearch=ELASTICSEARCH_PORT,
        postgresql=POSTGRESQL_PORT,
    )


def _claimed(layout: Layout, claims: Claims) -> Layout:
    """The layout with other ports in place of those that are not to be had."""
    return Layout(
        layout.cluster,
        tuple(map(claims.claim, layout.kafka)),
        tuple(map(claims.claim, layout.controllers)),
        claims.claim(layout.elasticsearch),
        claims.claim(layout.postgresql),
    )
