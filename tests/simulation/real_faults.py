"""A stream of records through the hub's services on real servers, while services and servers are killed at random.

python -m tests.simulation.real_faults --seeds 10 --records 20000 [--brokers 3] [--first-seed 0]

For each seed Kafka, Elasticsearch and PostgreSQL are started as child processes; ingest, two curations and two
catalogue sinks as processes of their own. Each of them is killed at least once while the stream is on its way. What is
acknowledged must be there in the end, once, and the catalogue must say what the record store says.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.composition import compose
from app.devstack.ports import free_port
from app.devstack.stack import Stack
from hub.auth.tokens import operator_token
from hub.kernel.records import Record
from hub.runtime.manifest import CATALOGUE, RECORD_STORE
from hub.runtime.settings import Settings
from services.catalog.sink import check as reconciled
from tests.simulation.importing import check_history

START = "from app.cli.main import run; run()"
BATCH = 500
SERVICES = ("ingest", "curation", "curation", "catalog", "catalog")
PAUSE_SECONDS = (0.2, 3.0)
DOWN_SECONDS = (0.0, 2.0)
AHEAD = 0.3
"""Share of the stream that may be sent before as large a share of the victims has been killed."""
SETTLE_SECONDS = PATIENCE_SECONDS = 1200.0


@dataclass(slots=True)
class Service:
    """One of the hub's processes; `start` after `kill` goes on where it was."""

    role: str
    number: int
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        own = {**self.environment, "HUB_INSTANCE": f"{self.role}-{self.number}"}
        with (self.folder / f"{self.role}-{self.number}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, "serve", self.role, "--port", str(self.port)],
                env={**os.environ, **own},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def revive(self) -> None:
        """Start it again where it has ended by itself, as a supervisor would."""
        if self.process is None or self.process.poll() is not None:
            self.start()


def rows(seed: int, records: int) -> list[bytes]:
    """Versions of a third as many organisations, out of order, as NDJSON lines."""
    chance = random.Random(seed)
    things = max(1, records // 3)
    made = []
    for _ in range(records):
        thing, version = chance.randrange(things), chance.randrange(1, 9)
        name = f"示例单位 {seed}-{thing} 第 {version} 版"
        made.append(orjson.dumps({"_id": f"{seed}-{thing}", "_version": version, "name_zh": name}))
    return made


def newest(lines: list[bytes]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        row = orjson.loads(line)
        found[row["_id"]] = max(found.get(row["_id"], 0), row["_version"])
    return found


def send(ingest: Service, token: str, seed: int, lines: list[bytes], killer: "Killer") -> int:
    """Send every batch until it is acknowledged, with its own idempotency key; returns how often one was sent again.

    A short stream is held back, so that it lasts until the last victim has been killed.
    """
    again = 0
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    for number, start in enumerate(range(0, len(lines), BATCH)):
        killer.wait_for(start / len(lines) - AHEAD)
        body = b"\n".join(lines[start : start + BATCH])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _acknowledged(ingest, {**headers, "Idempotency-Key": f"{seed}-{number}"}, body):
            assert time.monotonic() < deadline, f"batch {number} was never acknowledged"
            again += 1
            time.sleep(0.5)
    return again


def _acknowledged(ingest: Service, headers: dict[str, str], body: bytes) -> bool:
    url = f"http://127.0.0.1:{ingest.port}/api/v1/submissions/organisation?source=owner"
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=PATIENCE_SECONDS)
    except httpx.HTTPError:
        return False
    if answer.status_code in (200, 202):
        told = answer.json()
        assert told["refused"] == 0, told
        return bool(told["progress"] == "complete")
    assert answer.status_code in (409, 500, 502, 503), answer.text
    return False


class Killer(threading.Thread):
    """Kills services and servers in random order, each once in a round, and starts each anew after a moment."""

    def __init__(self, stack: Stack, services: list[Service], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self._services = services
        self._chance = chance
        self._stopping = threading.Event()
        self._struck = threading.Condition()
        self.killed: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._round()
        except BaseException as error:  # told to whoever waits for the stream
            self.failure = error
        finally:
            with self._struck:
                self._struck.notify_all()

    def wait_for(self, share: float) -> None:
        """Wait until that share of the victims has been killed."""
        wanted = share * len(self._victims())
        with self._struck:
            assert self._struck.wait_for(lambda: self.failure or self.killed.total() >= wanted, PATIENCE_SECONDS)
        self._check()

    def stop(self) -> None:
        """Let whoever has been killed come back, and nobody else be killed; every victim must have been, once."""
        self.wait_for(1.0)
        self._stopping.set()
        self.join()
        self._check()
        for service in self._services:
            service.revive()

    def _check(self) -> None:
        if self.failure:
            raise self.failure

    def _victims(self) -> list[tuple[str, Any]]:
        services: list[tuple[str, Any]] = [(service.role, service) for service in self._services]
        return services + list(self._stack.members().items())

    def _round(self) -> None:
        victims = self._victims()
        self._chance.shuffle(victims)
        for name, victim in victims:
            if self._stopping.wait(self._chance.uniform(*PAUSE_SECONDS)):
                return
            self._strike(name, victim)
            for service in self._services:
                service.revive()

    def _strike(self, name: str, victim: Any) -> None:
        victim.kill()
        time.sleep(self._chance.uniform(*DOWN_SECONDS))
        victim.start()
        if not isinstance(victim, Service):
            victim.wait()
        with self._struck:
            self.killed[name] += 1
            self._struck.notify_all()


@contextmanager
def running(folder: Path, brokers: int) -> Iterator[tuple[Stack, list[Service], Settings]]:
    """The servers and the services; ended with the block."""
    stack = Stack(folder / "stack", brokers)
    layout = stack.start(lambda _: None)
    environment = {
        **layout.environment(),
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_PARTITIONS": "4",
        "HUB_LOG_FORMAT": "text",
    }
    fields = {name.removeprefix("HUB_").lower(): value for name, value in environment.items()}
    settings = Settings.model_validate(fields)
    compose(settings).close()  # topics, tables and the index, before several processes ask for them at once
    services = [Service(role, number, folder, environment) for number, role in enumerate(SERVICES)]
    try:
        for service in services:
            service.start()
        yield stack, services, settings
    finally:
        for service in services:
            if service.process:
                service.kill()
        stack.stop()


def settled(settings: Settings, wanted: dict[str, int]) -> None:
    """Wait until everything that was acknowledged can be found, then check that it is there once and says the same."""
    hub = compose(settings)
    try:
        deadline = time.monotonic() + SETTLE_SECONDS
        while not (all_there := _versions(list(hub.get(RECORD_STORE).scan("organisation")), wanted)) and (
            time.monotonic() < deadline
        ):
            time.sleep(1.0)
        assert all_there, "something that was acknowledged is lost"
        while not reconciled(hub.get(RECORD_STORE), hub.get(CATALOGUE)).equal:
            assert time.monotonic() < deadline, "the catalogue does not say what the record store says"
            time.sleep(1.0)
        records = list(hub.get(RECORD_STORE).scan("organisation"))
        assert hub.get(CATALOGUE).count() == len(records), "something is visible twice, or not at all"
        for record in records[:: max(1, len(records) // 200)]:
            check_history(hub.get(RECORD_STORE), record)
    finally:
        hub.close()


def _versions(records: list[Record], wanted: dict[str, int]) -> bool:
    ids = [record.sources[0].source_record_id for record in records]
    assert len(ids) == len(set(ids)), "a thing has two records"
    said = {record.sources[0].source_record_id: str(record.fields["name_zh"]) for record in records}
    return len(said) >= len(wanted) and all(
        said.get(thing, "").endswith(f"第 {version} 版") for thing, version in wanted.items()
    )


def run(first: int, seeds: int, records: int, brokers: int) -> str:
    """One line a seed; AssertionError where something is lost, doubled or different."""
    told = []
    for seed in range(first, first + seeds):
        folder = Path(tempfile.mkdtemp(prefix="hub-faults-"))
        folder.chmod(0o755)
        try:
            told.append(_one(folder, seed, records, brokers))
        except BaseException:
            print(f"the logs of seed {seed} are in {folder}", file=sys.stderr)
            raise
        print(told[-1], flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    return "\n".join(told)


def _one(folder: Path, seed: int, records: int, brokers: int) -> str:
    lines = rows(seed, records)
    with running(folder, brokers) as (stack, services, settings):
        token = operator_token(settings.data_dir)
        assert token
        killer = Killer(stack, services, random.Random(f"faults {seed}"))
        began = time.monotonic()
        killer.start()
        again = send(services[0], token, seed, lines, killer)
        sent = time.monotonic() - began
        killer.stop()
        settled(settings, newest(lines))
        kills = ", ".join(f"{name} {number}" for name, number in sorted(killer.killed.items()))
        return (
            f"seed {seed}: {records} records, killed {kills}; {again} requests sent again; "
            f"lost 0, twice 0, digests equal; sent in {sent:.0f} s, at rest after {time.monotonic() - began:.0f} s"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--brokers", type=int, default=1)
    options = parser.parse_args()
    run(options.first_seed, options.seeds, options.records, options.brokers)
