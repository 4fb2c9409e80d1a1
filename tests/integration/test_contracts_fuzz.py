"""schemathesis finds nothing on the published openapi.json; `just fuzz` looks longer."""

import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from schemas.http import OPERATIONS
from tests.fuzz import UNSAYABLE, callers, fuzz, ids_of, settings, specification
from tests.started import Started

SECONDS = 20
EXAMPLES = 5


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    started = Started(tmp_path_factory.mktemp("hub"))
    try:
        url = started.read_until("The hub is up").split()[-1]
        started.read_until("Press Ctrl-C")
        yield url, started.folder
    finally:
        if started.process.poll() is None:
            started.stop(signal.SIGINT)


@pytest.mark.parametrize("name", ["anonymous", "member", "operator"])
def test_every_answer_is_as_the_contract_says(name: str, hub: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = hub
    document = tmp_path / "openapi.json"
    document.write_bytes(orjson.dumps(specification(ids_of(url, folder))))
    caller = next(one for one in callers(folder) if one.name == name)
    done = fuzz(document, url, caller, SECONDS, EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(OPERATIONS)} selected" in done.stdout


def test_what_is_excepted_is_there() -> None:
    known = {operation.id for operation in OPERATIONS}
    assert {name for operations in UNSAYABLE.values() for name in operations} <= known
    sections = tomllib.loads(settings())["checks"]
    for check in UNSAYABLE:
        assert sections[check].get("enabled", True), "made of every other operation"
    assert len(UNSAYABLE["positive_data_acceptance"]) < len(known) / 2
