"""An embedded hub whose data were moved away does not start again behind everybody's back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.main import main
from app.operations.marker import Marker


def test_a_moved_folder_is_not_served(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Marker("kafka, postgresql", datetime(2026, 11, 1, tzinfo=UTC).isoformat(), state="moved").save(tmp_path)
    code = main(["--lang", "en", "up", "--data", str(tmp_path), "--port", "0"], {})
    assert code == 2
    told = capfd.readouterr()
    assert "moved to servers" in " ".join((told.out + told.err).split())
