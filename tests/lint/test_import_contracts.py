"""Each import contract refuses what is planted against it, and the tree as it stands keeps them all."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
PURE, ORDER, APART, LIBRARY, SERVICE = (
    "The pure core performs no I/O",
    "The application is built of services, services of contracts, contracts of the library",
    "No service imports another",
    "The library stands on its ports, and these on its values",
    "A service stands on its core",
)
PLANTED = {
    PURE: {
        "hub/kernel": "from fastapi import FastAPI",
        "hub/ports": "import kafka",
        "schemas/parts": "from urllib.request import urlopen",
        "services/booking/core": "from hub.web import problems",
        "services/curation/core": "import sqlite3",
        "services/ingest/ports": "import httpx",
    },
    ORDER: {
        "hub/runtime": "from services.booking import service",
        "hub/web": "from schemas import topics",
        "schemas/derive": "from services.catalog.core import projection",
        "services/portal": "from app import composition",
    },
    APART: {
        "services/portal/pages": "from services.booking import ports",
        "services/usage/core": "from services.catalog import core",
    },
    LIBRARY: {
        "hub": "",  # a module without a layer
        "hub/kernel": "from hub.ports import eventlog",
        "hub/log": "from hub.auth import tokens",
        "hub/sql": "from hub.log import batch_worker",
    },
    SERVICE: {
        "services/booking/core": "from services.booking import service",
        "services/usage/adapters": "from services.usage import api",
    },
}
"""What breaks each contract, by the folder where it is planted."""


def lint(root: Path) -> tuple[set[str], str]:
    """The contracts that the tree in `root` breaks, and all that the linter has to say."""
    linted = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    names = {contract["name"] for contract in LINTER["contracts"]}
    broken = {name for name in names if f"\n{name} BROKEN" in linted.stdout}
    assert names - broken == {name for name in names if f"\n{name} KEPT" in linted.stdout}
    assert linted.returncode == bool(broken)
    return broken, linted.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("tree")
    for package in LINTER["root_packages"]:
        shutil.copytree(ROOT / package, root / package, ignore=lambda folder, names: _other(Path(folder), names))
    shutil.copy(ROOT / "pyproject.toml", root)
    yield root
    shutil.rmtree(root)


def _other(folder: Path, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and (name == "__pycache__" or (folder / name).is_file())]


def test_every_contract_is_kept_and_none_has_exceptions(tree: Path) -> None:
    assert lint(tree)[0] == set()
    assert not [contract for contract in LINTER["contracts"] if "ignore_imports" in contract]


def test_something_is_planted_against_every_contract() -> None:
    assert set(PLANTED) == {contract["name"] for contract in LINTER["contracts"]}


@pytest.mark.parametrize("contract", PLANTED)
def test_what_is_planted_is_refused(tree: Path, contract: str) -> None:
    planted = {tree / folder / "planted.py": statement for folder, statement in PLANTED[contract].items()}
    for path, statement in planted.items():
        path.write_text(f"{statement}\n")
    try:
        broken, told = lint(tree)
    finally:
        for path in planted:
            path.unlink()
    assert contract in broken
    refusal = told.partition(f"\n{contract}\n----")[2]
    for path in planted:
        assert ".".join(path.relative_to(tree).with_suffix("").parts) in refusal
