"""The script that makes the environment of the containers."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_script_makes_an_environment_once(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy/new-env.sh"
    script.write_bytes((ROOT / "deploy/new-env.sh").read_bytes())
    (tmp_path / ".env.example").write_bytes((ROOT / ".env.example").read_bytes())
    environment = tmp_path / ".env"
    for _ in range(2):
        subprocess.run(["sh", script], check=True, capture_output=True)
    made = dict(re.findall(r"^(\w+)=(.*)$", environment.read_text(), re.MULTILINE))
    assert len(set(made.values())) == len(made) == 4
    assert all(re.fullmatch("[0-9a-f]{40}", value) for value in made.values())
    assert environment.stat().st_mode & 0o777 == 0o600
    before = environment.read_bytes()
    subprocess.run(["sh", script], check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    assert environment.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", ".env.example", "deploy"]
