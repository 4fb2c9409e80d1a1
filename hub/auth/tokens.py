"""The bearer tokens that were issued, kept as digests in one file of the data folder."""

import os
import secrets
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

import orjson

from hub.kernel.access import Principal, Role

OPERATOR_TOKEN = "operator.token"  # noqa: S105 - a file's name
ACCESS_FILE = "access.json"


class AccessFile:
    """access.json: a list of {name, roles, sources, sha256}. Only digests are kept.

    A data folder without one gets an operator, whose token is written beside it, readable by its owner alone.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / ACCESS_FILE
        self._read_at = 0
        self._principals: dict[str, Principal] = {}
        if not self._path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            write_private(data_dir / OPERATOR_TOKEN, self.issue("operator", {"operator"}, {"*"}).encode())

    def principal(self, token: str) -> Principal | None:
        """Who holds this token; None where nobody does."""
        digest = sha256(token.encode()).hexdigest()
        for known, principal in self._current().items():
            if compare_digest(known, digest):
                return principal
        return None

    def issue(self, name: str, roles: Iterable[Role], sources: Iterable[str]) -> str:
        """A new token, told once; 256 random bits."""
        token = secrets.token_urlsafe(32)
        entries = orjson.loads(self._path.read_bytes()) if self._path.exists() else []
        entry = {"name": name, "roles": sorted(roles), "sources": sorted(sources)}
        entries.append({**entry, "sha256": sha256(token.encode()).hexdigest()})
        write_private(self._path, orjson.dumps(entries, option=orjson.OPT_INDENT_2))
        return token

    def principals(self) -> list[Principal]:
        """Everybody who was issued a token, in the order of issue."""
        return list(self._current().values())

    def _current(self) -> dict[str, Principal]:
        changed = self._path.stat().st_mtime_ns
        if changed != self._read_at:
            self._principals = {
                entry["sha256"]: Principal(entry["name"], frozenset(entry["roles"]), frozenset(entry["sources"]))
                for entry in orjson.loads(self._path.read_bytes())
            }
            self._read_at = changed
        return self._principals


def operator_token(data_dir: Path) -> str | None:
    """The token that the first start wrote, where it is still there."""
    path = data_dir / OPERATOR_TOKEN
    return path.read_text().strip() if path.exists() else None


def write_private(path: Path, data: bytes) -> None:
    """Replace a file in one step, readable by its owner alone."""
    beside = path.with_suffix(f".{os.getpid()}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
