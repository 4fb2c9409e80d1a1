"""What the command line writes and serves with: files for their owner, connections within bounds."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from app.cli.files import private
from app.cli.up import _server
from hub.web.connections import BoundedProtocol

pytestmark = pytest.mark.unit


def test_what_is_exported_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "experts.ndjson.part"
    path.touch(0o644)
    with private(path) as file:
        file.write(b"{}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"{}"


def test_the_hub_is_served_within_the_bounds_of_connections() -> None:
    assert _server(FastAPI(), lambda: None).config.http is BoundedProtocol
