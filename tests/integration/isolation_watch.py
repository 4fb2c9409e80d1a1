"""Whether anything that a hub on embedded adapters keeps has changed."""

import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

IGNORED_COLUMNS = frozenset({"used_at"})


class Watch:
    """Tells whether anything that is kept has changed, but for the audit trail and when credentials were last used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, sqlite3.Connection] = {}
        self._known: dict[Path, tuple[int, dict[str, str]]] = {}

    def state(self) -> dict[str, str]:
        """A digest of each table, and of each folder of mail."""
        mail = self._folder / "mailbox"
        found = {"mail": str(sum(1 for file in mail.rglob("*") if file.is_file()))} if mail.exists() else {}
        for path in sorted(self._folder.glob("*.db")):
            found |= {f"{path.name}: {table}": digest for table, digest in self._tables(path).items()}
        return found

    def close(self) -> None:
        for connection in self._files.values():
            connection.close()

    def _tables(self, path: Path) -> Mapping[str, str]:
        if path not in self._files:
            self._files[path] = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
        sql = self._files[path]
        version = sql.execute("PRAGMA data_version").fetchone()[0]
        known = self._known.get(path)
        if known is None or known[0] != version:
            known = self._known[path] = (version, dict(_digests(sql)))
        return known[1]


def _digests(sql: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    for (table,) in sql.execute(tables).fetchall():
        if table.startswith(("audit", "sqlite_")):
            continue
        rows = sql.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in rows.description]
        kept = [at for at, name in enumerate(names) if name not in IGNORED_COLUMNS]
        digest = sha256()
        for row in rows:
            digest.update(repr([row[at] for at in kept]).encode())
        yield table, digest.hexdigest()
