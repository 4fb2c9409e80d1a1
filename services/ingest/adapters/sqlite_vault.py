"""The vault in SQLite; the key lies in a file of its own, so that a copy of the database alone opens nothing."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path

from hub.sql.sqlite import Database
from services.ingest.adapters.keyring import KeyRing, secret_in
from services.ingest.ports.vault import VaultLocked

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vault (token TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vault_key (id INTEGER PRIMARY KEY CHECK (id = 1), mark TEXT NOT NULL);
"""
_LOOKUP = 500
_MARK = b"the key of this vault"


class SqliteVault:
    """See Vault. Raises VaultLocked at opening where the key is not the one the values were kept with."""

    def __init__(self, path: Path, key_file: Path) -> None:
        self._database = Database(path, _SCHEMA)
        try:
            self._keys = self._unlocked(key_file)
        except BaseException:
            self._database.close()
            raise

    def token(self, value: str) -> str:
        """See the port."""
        return self._keys.token(value)

    def put_many(self, values: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        tokens = {value: self._keys.token(value) for value in set(values)}
        known = self._known(tokens.values())
        fresh = [
            (token, self._keys.encrypt(value.encode(), token.encode()))
            for value, token in tokens.items()
            if token not in known
        ]
        if fresh:
            with self._database.write() as sql:
                sql.executemany("INSERT INTO vault (token, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING", fresh)
        return tokens

    def reveal(self, tokens: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        return {token: self._keys.decrypt(sealed, token.encode()).decode() for token, sealed in self._sealed(tokens)}

    def seal(self, data: bytes, context: str) -> bytes:
        """See the port."""
        return self._keys.encrypt(data, b"seal " + context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """See the port."""
        return self._keys.decrypt(sealed, b"seal " + context.encode())

    def fingerprint(self, data: bytes) -> str:
        """See the port."""
        return self._keys.fingerprint(data)

    def close(self) -> None:
        """See the port."""
        self._database.close()

    def _unlocked(self, key_file: Path) -> KeyRing:
        with self._database.write() as sql:
            found = sql.execute("SELECT mark FROM vault_key").fetchone()
            if found and not key_file.exists():
                raise VaultLocked(f"the key file {key_file.name} is missing and the vault holds values")
            keys = KeyRing(secret_in(key_file))
            mark = keys.fingerprint(_MARK)
            if found and found[0] != mark:
                raise VaultLocked(f"the key file {key_file.name} is not the key of this vault")
            if not found:
                sql.execute("INSERT INTO vault_key (id, mark) VALUES (1, ?)", (mark,))
        return keys

    def _known(self, tokens: Collection[str]) -> set[str]:
        return {token for token, _ in self._rows("token, 1", tokens)}

    def _sealed(self, tokens: Collection[str]) -> Iterator[tuple[str, bytes]]:
        return self._rows("token, sealed", set(tokens))

    def _rows(self, columns: str, tokens: Collection[str]) -> Iterator[tuple[str, bytes]]:
        remaining = iter(tokens)
        while some := list(islice(remaining, _LOOKUP)):
            marks = ",".join("?" * len(some))
            query = f"SELECT {columns} FROM vault WHERE token IN ({marks})"
            yield from self._database.read().execute(query, some).fetchall()
