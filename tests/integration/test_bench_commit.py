"""The commit that measured figures are filed under, told from a repository of this test's own."""

import subprocess
from pathlib import Path

import pytest

from bench.common import commit_of


def test_only_changes_of_what_is_measured_make_a_commit_dirty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*command: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.cn", *command], cwd=tmp_path, check=True)

    monkeypatch.delenv("BENCH_COMMIT", raising=False)
    results, code = tmp_path / "bench" / "RESULTS.md", tmp_path / "code.py"
    results.parent.mkdir()
    results.write_text("1")
    code.write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    commit = commit_of(results)
    results.write_text("2")
    (tmp_path / "untracked").touch()
    assert commit_of(results) == commit
    code.write_text("2")
    assert commit_of(results) == f"{commit}-dirty"
    assert "dirty" not in commit
    assert commit != "unknown"
