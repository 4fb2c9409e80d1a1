"""Apache Kafka 4.4.0 from its jars: one or several KRaft nodes, each a broker and a controller."""

import base64
import os
import subprocess
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from app.devstack.cache import OnProgress, cache_folder, fetched, silent
from app.devstack.hold import ServerFailed
from app.devstack.java import java
from app.devstack.ports import accepts, free_port
from app.devstack.process import ServerProcess, Supervised

VERSION = "4.4.0"
HEAP = "512m"


class Kafka(Supervised):
    """One node; `bootstrap` is its address. `start` after `kill` or `stop` goes on with the same data."""

    name = "kafka"

    def __init__(
        self, folder: Path, *, node: int = 1, voters: Sequence[int] = (), port: int = 0, cluster: str = ""
    ) -> None:
        self.node = node
        self.port = port or free_port()
        self._voters = tuple(voters) or (free_port(),)
        self._cluster = cluster or cluster_id()
        self._folder = folder
        super().__init__()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, overrides: str = "") -> None:
        """Format the data folder where it is new, start the node and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        settings = self._folder / "server.properties"
        settings.write_text(self._settings() + overrides)
        _format(settings, self._cluster, self._folder)
        command = [str(java()), f"-Xms{HEAP}", f"-Xmx{HEAP}", "-cp", class_path(), "kafka.Kafka", str(settings)]
        self._process = ServerProcess(self.name, command, self._folder, {})

    def wait(self) -> None:
        self._running().wait_for(lambda: accepts(self.port) and self._answers())

    def _answers(self) -> bool:
        """By its cluster, for another server may have taken the port first."""
        try:
            client = KafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
        except KafkaError:
            return False
        try:
            return bool(client.describe_cluster()["cluster_id"] == self._cluster)
        except KafkaError:
            return False
        finally:
            client.close()

    def _settings(self) -> str:
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(self._voters, 1))
        controller = self._voters[self.node - 1]
        copies = min(3, len(self._voters))
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.node,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._folder / "data",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": max(1, copies - 1),
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            "log.cleaner.dedupe.buffer.size": 16_777_216,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def cluster(folder: Path, nodes: int) -> list[Kafka]:
    """Nodes of one cluster, started and answering."""
    voters, name = [free_port() for _ in range(nodes)], cluster_id()
    members = [Kafka(folder / f"node-{n}", node=n, voters=voters, cluster=name) for n in range(1, nodes + 1)]
    for member in members:
        member.start()
    for member in members:
        member.wait()
    return members


def cluster_id() -> str:
    """16 random bytes in URL-safe Base64 without padding, as StorageTool takes them."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def class_path(on_progress: OnProgress = silent) -> str:
    """The cached jars, fetched where they are missing."""
    for path, sha256, _, target in _jars():
        fetched(path, sha256, target, on_progress=on_progress)
    return f"{_jar_folder()}/*"


def missing_bytes() -> int:
    """How much has to be downloaded before a node can start."""
    return sum(size for _, _, size, target in _jars() if not target.exists())


def _jar_folder() -> Path:
    return cache_folder() / f"kafka-{VERSION}"


def _jars() -> Iterator[tuple[str, str, int, Path]]:
    """Each jar's path in the repository, SHA-256, bytes, and where it is kept."""
    folder = _jar_folder()
    for line in (files("app.devstack") / "kafka-jars.lock").read_text().splitlines():
        path, sha256, size = line.split()
        yield path, sha256, int(size), folder / Path(path).name


def _format(settings: Path, cluster: str, folder: Path) -> None:
    if (folder / "data" / "meta.properties").exists():
        return
    command = [str(java()), "-cp", class_path(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
    done = subprocess.run([*command, "-c", str(settings), "--ignore-formatted"], capture_output=True, check=False)
    if done.returncode:
        raise ServerFailed(f"kafka's data folder could not be formatted: {done.stderr.decode(errors='replace')}")
