"""The bearer tokens that were issued, kept as digests in one file of the data folder."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from hub.kernel.access import ALL, Principal, Role, Scope
from hub.runtime.lock import FolderLock

SIGNING_KEY = "signing.key"


def signing_key(folder: Path) -> bytes:
    """The key by which the hub knows again what it has handed out, such as cursors.

    32 random bytes, made by the first process that asks and readable by the folder's owner alone.
    """
    path = folder / SIGNING_KEY
    if not path.exists():
        own = folder / f"{SIGNING_KEY}.{os.getpid()}.{secrets.token_hex(4)}"
        write_private(own, secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was first
            os.link(own, path)
        own.unlink()
    return path.read_bytes()


OPERATOR_TOKEN = "operator.token"  # noqa: S105 - a file's name
ACCESS_FILE = "access.json"
LOCK_FILE = "access.lock"
LOCK_SECONDS = 60.0
_GIVEN, _REVOKED = "sha256", "revoked"
_DECIDED: frozenset[Role] = frozenset({"manager", "approver"})


class AccessFile:
    """access.json: a list of {name, roles, sources, sha256}. Only digests are kept.

    A data folder without one gets an operator, whose token is written beside it, readable by its owner alone, for
    scripts. Other tokens are kept in the accounts' tables; those that older releases wrote here are good until revoked.
    Their accounts and credentials are called `legacy-` and the beginning of the digest. ValueError where it cannot be
    read.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / ACCESS_FILE
        self._read_at = (0, 0, 0)
        self._principals: dict[str, Principal] = {}
        if not self._path.exists():
            self._begin()
        self._current()

    def principal(self, token: str) -> Principal | None:
        """Who holds this token; None where nobody does.

        Digests are looked up as they are: how long that takes tells nothing about tokens, which are random.
        """
        return self._current().get(_digest(token))

    def issue(self, name: str, roles: Iterable[Role], sources: Iterable[str]) -> str:
        """A new token, told once; 256 random bits. Safe while other processes issue theirs; Busy after LOCK_SECONDS."""
        token = secrets.token_urlsafe(32)
        with self._locked():
            self._add(token, name, roles, sources)
        return token

    def principals(self) -> list[Principal]:
        """Everybody who was issued a token, in the order of issue."""
        return list(self._current().values())

    def names(self) -> frozenset[str]:
        """Those that tokens were ever issued under."""
        return frozenset(str(entry.get("name")) for entry in self._entries())

    def by_credential(self, credential: str) -> Principal | None:
        """Who holds the token of this id."""
        return next((holder for holder in self.principals() if holder.credential == credential), None)

    def revoke(self, credential: str) -> bool:
        """Whether there was a token of this id; there is none from now on.

        That there was one stays known, lest another one of its name or sources take what was its own.
        """
        with self._locked():
            entries = self._entries()
            given = next((entry for entry in entries if _is_given(entry) and _credential(entry) == credential), None)
            if given is not None:
                given[_REVOKED] = given.pop(_GIVEN)
                write_private(self._path, orjson.dumps(entries, option=orjson.OPT_INDENT_2))
        return given is not None

    def _begin(self) -> None:
        with self._locked():
            if not self._path.exists():
                token = secrets.token_urlsafe(32)
                # First, for a start that breaks off in between is begun again while access.json is missing.
                write_private(self._path.with_name(OPERATOR_TOKEN), token.encode())
                self._add(token, "operator", {"operator"}, {"*"})

    def _locked(self) -> FolderLock:
        return FolderLock(self._path.parent, LOCK_FILE, LOCK_SECONDS)

    def _add(self, token: str, name: str, roles: Iterable[Role], sources: Iterable[str]) -> None:
        entry = {"name": name, "roles": sorted(roles), "sources": sorted(sources), _GIVEN: _digest(token)}
        write_private(self._path, orjson.dumps([*self._entries(), entry], option=orjson.OPT_INDENT_2))

    def _entries(self) -> list[dict[str, Any]]:
        return orjson.loads(self._path.read_bytes()) if self._path.exists() else []

    def _current(self) -> dict[str, Principal]:
        status = self._path.stat()
        changed = (status.st_mtime_ns, status.st_ino, status.st_size)  # two changes may come at one tick of the clock
        if changed != self._read_at:
            self._principals = self._read()
            self._read_at = changed
        return self._principals

    def _read(self) -> dict[str, Principal]:
        try:
            entries = self._entries()
            return {entry[_GIVEN]: _principal(entry, entries) for entry in entries if _is_given(entry)}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self._path.name} is no list of tokens: {error}") from error


def _principal(entry: dict[str, Any], entries: list[dict[str, Any]]) -> Principal:
    """It acts for what there was before organisations where no other token may speak for its sources.

    Whoever submitted decided about bookings too, and goes on doing so for its own organisation.
    """
    credential, roles, sources = _credential(entry), frozenset(entry["roles"]), frozenset(entry["sources"])
    others = [other for other in entries if other is not entry]
    speakers = [frozenset(other["sources"]) for other in others if "operator" not in other["roles"]]
    alone = bool(sources) and not any(_share(sources, other) for other in speakers)
    return Principal(
        entry["name"],
        roles | _DECIDED if "submitter" in roles else roles,
        sources,
        credential,
        "" if alone or "operator" in roles else credential,
        credential,
        scope=Scope(divisions=frozenset({ALL})),  # as wide as an agency's was before there were scopes
        formerly="" if any(other["name"] == entry["name"] for other in others) else entry["name"],
    )


def _share(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some & others or (others and "*" in some) or (some and "*" in others))


def _credential(entry: dict[str, Any]) -> str:
    return f"legacy-{(entry.get(_REVOKED) or entry[_GIVEN])[:12]}"


def _is_given(entry: dict[str, Any]) -> bool:
    return _REVOKED not in entry


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


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
