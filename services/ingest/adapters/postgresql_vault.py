"""The vault on PostgreSQL; the key lies in a file outside of it, so that a copy of the database alone opens nothing."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from hub.sql.postgresql import PostgresDatabase, storable_among
from services.ingest.adapters.keyring import KeyRing, secret_in
from services.ingest.ports.vault import VaultLocked

_MARK = b"the key of this vault"


class PostgresVault:
    """See Vault. Raises VaultLocked at opening where the key is not the one the values were kept with.

    Every process that opens one vault needs the same key file; a process that starts without one makes it only where
    the vault is new.
    """

    def __init__(self, database: PostgresDatabase, key_file: Path) -> None:
        self._database = database
        self._keys = self._unlocked(key_file)

    def token(self, value: str) -> str:
        """See the port."""
        return self._keys.token(value)

    def put_many(self, values: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        tokens = {value: self._keys.token(value) for value in set(values)}
        known = self._known(tokens.values())
        fresh = {
            token: self._keys.encrypt(value.encode(), token.encode())
            for value, token in tokens.items()
            if token not in known
        }
        if fresh:
            ordered = sorted(fresh.items())  # two that put the same values must not wait for each other
            with self._database.write() as sql:
                sql.execute(
                    "INSERT INTO vault (token, sealed) SELECT * FROM unnest(%s::text[], %s::bytea[]) "
                    "ON CONFLICT DO NOTHING",
                    ([token for token, _ in ordered], [sealed for _, sealed in ordered]),
                )
        return tokens

    def reveal(self, tokens: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        asked = storable_among(set(tokens))
        with self._database.read() as sql:
            rows = sql.execute("SELECT token, sealed FROM vault WHERE token = ANY(%s)", (asked,), binary=True)
            return {token: self._keys.decrypt(sealed, token.encode()).decode() for token, sealed in rows}

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
        """Nothing is held; the database is closed by whoever opened it."""

    def _unlocked(self, key_file: Path) -> KeyRing:
        with self._database.write() as sql:
            sql.execute("LOCK TABLE vault_key IN EXCLUSIVE MODE")
            found = sql.execute("SELECT mark FROM vault_key").fetchone()
            if found and not key_file.exists():
                raise VaultLocked(f"the key file {key_file.name} is missing and the vault holds values")
            keys = KeyRing(secret_in(key_file))
            mark = keys.fingerprint(_MARK)
            if found and found[0] != mark:
                raise VaultLocked(f"the key file {key_file.name} is not the key of this vault")
            if not found:
                sql.execute("INSERT INTO vault_key (id, mark) VALUES (1, %s)", (mark,))
        return keys

    def _known(self, tokens: Iterable[str]) -> set[str]:
        with self._database.read() as sql:
            rows = sql.execute("SELECT token FROM vault WHERE token = ANY(%s)", (list(tokens),))
            return {token for (token,) in rows}
