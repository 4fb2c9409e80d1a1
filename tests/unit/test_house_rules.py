"""The shape of the code: the core stays pure, modules stay short."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES = 330
DECLARATIONS = {"schemas/kinds/instrument.py"}  # one annotated line a field; splitting it would scatter the kind
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("statement", ["import sqlite3", "import kafka", "from fastapi import FastAPI", "import httpx"])
def test_lint_refuses_io_in_the_core(tmp_path: Path, statement: str) -> None:
    for package in ("hub", "schemas", "services"):
        for source in (ROOT / package).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert lint(tmp_path).returncode == 0
    (tmp_path / "services/curation/core/planted.py").write_text(f"{statement}\n")
    broken = lint(tmp_path)
    assert broken.returncode == 1
    assert "services.curation.core.planted" in broken.stdout


def test_modules_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in ("hub", "schemas", "services", "bench", "tests")
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES
        and str(path.relative_to(ROOT)) not in DECLARATIONS
    }
    assert not long
