"""Real servers, topics with the benchmark's entries, and peers as processes that tell how far they are."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from elasticsearch import Elasticsearch
from psycopg.sql import SQL, Identifier

from app.devstack.cache import cache_folder
from app.devstack.stack import Stack
from bench.common import folder
from hub.kernel.entries import Entry
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.eventlog import APPEND_LIMIT, Topic
from hub.runtime.settings import Settings
from schemas.derive.mapping import index_mapping
from schemas.kind import kinds
from services.catalog.adapters.elasticsearch_generations import writing

PEERS = Path(__file__).with_name("peers")
ATTEMPTS = 4
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Paced:
    """Entries a second, and a second of the processes' CPU time, from the moment when each has done a batch."""

    wall: float
    cpu: float
    first_seconds: float
    """From the processes' start until each had done its first batch."""


class PeerFailed(RuntimeError):
    """A peer ended, or did not come to an end in PATIENCE_SECONDS."""


@contextmanager
def servers() -> Iterator[Settings]:
    """Those of the environment, where HUB_PROFILE is real; else servers of this run's own, begun empty."""
    if os.environ.get("HUB_PROFILE") == "real":
        yield Settings()
        return
    with folder() as place:
        place.chmod(0o755)
        stack = Stack(place / "stack")
        try:
            layout = stack.start(lambda name: print(f"{name} answers", flush=True))
            with _environment(layout.environment()):
                yield Settings()
        finally:
            stack.stop()


@contextmanager
def _environment(told: Mapping[str, str]) -> Iterator[None]:
    """For the block and the processes that it starts; the next benchmark is not to look for servers that are gone."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The DSN of a new database, which is dropped at the end."""
    name = f"bench_{uuid4().hex[:8]}"
    with psycopg.connect(settings.postgresql_dsn, autocommit=True) as sql:
        sql.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield settings.postgresql_dsn.rpartition("/")[0] + f"/{name}"
        finally:
            sql.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def new_index(client: Elasticsearch, index: str) -> None:
    """An index with the mapping and settings of the catalogue's."""
    made: dict[str, Any] = index_mapping(kinds().values())
    own = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"}
    settings = {**made["settings"], "index": {**made["settings"]["index"], **own}}
    client.indices.create(index=index, mappings=made["mappings"], settings=settings, aliases={writing(index): {}})


def python_of(peer: str) -> Path:
    """The interpreter of the peer's own environment, which is made anew where it is missing or the pinned versions have
    changed; PeerFailed where its packages cannot be had."""
    home = cache_folder() / "bench-venvs" / peer
    pinned = PEERS / f"{peer}.txt"
    done = home / "pinned.txt"
    if not done.exists() or done.read_bytes() != pinned.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        _install(home, pinned)
        done.write_bytes(pinned.read_bytes())
    return home / "bin" / "python"


def _install(home: Path, pinned: Path) -> None:
    command = [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "-r", str(pinned)]
    for attempt in range(1, ATTEMPTS + 1):
        if subprocess.run(command, check=False).returncode == 0:
            return
        if attempt < ATTEMPTS:
            time.sleep(3 * attempt)
    raise PeerFailed(f"the packages of {pinned.name} could not be installed in {ATTEMPTS} attempts")


def filled(log: KafkaEventLog, entries: Sequence[Entry], partitions: int) -> str:
    """A new topic with these entries; its name."""
    name = f"bench-{uuid4().hex[:8]}"
    log.create_topics([Topic(name, partitions)])
    for start in range(0, len(entries), APPEND_LIMIT):
        log.append(name, entries[start : start + APPEND_LIMIT])
    return name


def paced(
    peer: str, script: str, wanted: Mapping[str, Any], *, workers: int = 1, finish: Callable[[], object] = lambda: None
) -> Paced:
    """Run the peer's processes until they have told of all rows, and `finish` has been called; end them."""
    told: queue.SimpleQueue[tuple[int, dict[str, float]] | None] = queue.SimpleQueue()
    python = sys.executable if peer == "hub" else str(python_of(peer))
    began = time.monotonic()
    with folder() as place:
        processes = [_started(python, script, dict(wanted), place / str(number)) for number in range(workers)]
        for number, process in enumerate(processes):
            threading.Thread(target=_heard, args=(number, process, told), daemon=True).start()
        try:
            said = _all_told(told, wanted["rows"])
            finish()
            ended = time.monotonic()
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return _pace(said, began, ended)


def _started(python: str, script: str, wanted: dict[str, Any], place: Path) -> "subprocess.Popen[bytes]":
    place.mkdir()
    command = [python, str(PEERS / script), json.dumps(wanted | {"folder": str(place)})]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, start_new_session=True, cwd=place)


def _heard(number: int, process: "subprocess.Popen[bytes]", told: Any) -> None:
    for line in process.stdout or ():
        if line.startswith(b"{"):
            told.put((number, json.loads(line)))
    told.put(None)


def _all_told(told: Any, rows: int) -> list[tuple[int, dict[str, float]]]:
    said: list[tuple[int, dict[str, float]]] = []
    done = 0.0
    until = time.monotonic() + PATIENCE_SECONDS
    while done < rows:
        try:
            one = told.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise PeerFailed(f"{done:,.0f} of {rows:,} after {PATIENCE_SECONDS:.0f} s") from None
        if one is None:
            raise PeerFailed(f"it ended after {done:,.0f} of {rows:,}")
        said.append(one)
        done += one[1]["handled"]
    return said


def _pace(said: Sequence[tuple[int, dict[str, float]]], began: float, ended: float) -> Paced:
    first: dict[int, dict[str, float]] = {}
    for number, one in said:
        first.setdefault(number, one)
    begin = max(one["at"] for one in first.values())
    handled = sum(one["handled"] for _, one in said if one["at"] > begin)
    at_begin = {number: one for number, one in said if one["at"] <= begin}
    last = dict(said)
    cpu = sum(last[number]["cpu"] - at_begin[number]["cpu"] for number in first)
    return Paced(handled / (ended - begin), handled / cpu if cpu else float("nan"), begin - began)
