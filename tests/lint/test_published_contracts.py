"""Contracts as they stand in the history of the repository: none has become narrower unless that was decided."""

import subprocess

from schemas.derive import publish
from schemas.derive.contracts import contracts
from schemas.derive.publish import PUBLISHED, ROOT, breaks, refusals


def git(*arguments: str) -> bytes:
    """What git says; nothing where there is no repository, as in a source archive."""
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


def test_no_contract_is_narrower_than_the_one_published_before() -> None:
    accepted = breaks(ROOT)
    for name, schema in contracts().items():
        path = PUBLISHED / f"{name}.json"
        current = publish.written(schema)
        for commit in git("log", "-n", "5", "--format=%H", "--", str(path)).decode().split():
            before = git("show", f"{commit}:{path}")
            assert refusals(path.name, before or current, current, accepted) == []


def test_the_api_is_not_narrower_than_the_one_published_before() -> None:
    accepted, current = breaks(ROOT), (ROOT / publish.OPENAPI).read_bytes()
    for commit in git("log", "-n", "5", "--format=%H", "--", str(publish.OPENAPI)).decode().split():
        before = git("show", f"{commit}:{publish.OPENAPI}")
        assert refusals(publish.OPENAPI.name, before or current, current, accepted) == []
