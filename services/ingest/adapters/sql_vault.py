"""The vault in a table; the key lies in a file of its own, so that a copy of the tables alone opens nothing."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import insert, select

from hub.sql.statements import SqlDatabase, among, hold, insert_into
from services.ingest.adapters.keyring import KeyRing, secret_in
from services.ingest.ports.vault import VaultLocked
from services.ingest.tables import vault, vault_key

_MARK = b"the key of this vault"
_OPENINGS = 0x6875_6205
"""The space of the advisory lock under which a vault is opened."""

_SEALED = select(vault.c.token, vault.c.sealed).where(among(vault.c.token, "tokens"))
_KNOWN = select(vault.c.token).where(among(vault.c.token, "tokens"))


class SqlVault:
    """See Vault. Raises VaultLocked at opening where the key is not the one the values were kept with.

    Every process that opens one vault needs the same key file; a process that starts without one makes it only where
    the vault is new.
    """

    def __init__(self, database: SqlDatabase, key_file: Path) -> None:
        self._database = database
        self._keys = self._unlocked(key_file)

    def token(self, value: str) -> str:
        return self._keys.token(value)

    def put_many(self, values: Collection[str]) -> Mapping[str, str]:
        tokens = {value: self._keys.token(value) for value in set(values)}
        known = self._known(tokens.values())
        # Sorted, since two that put the same values must not wait for each other.
        fresh = [
            {"token": token, "sealed": self._keys.encrypt(value.encode(), token.encode())}
            for token, value in sorted((token, value) for value, token in tokens.items())
            if token not in known
        ]
        if fresh:
            with self._database.writing() as sql:
                sql.execute(insert_into(sql.dialect.name, vault).on_conflict_do_nothing(), fresh)
        return tokens

    def reveal(self, tokens: Collection[str]) -> Mapping[str, str]:
        with self._database.reading() as sql:
            rows = sql.execute(_SEALED, {"tokens": set(tokens)})
            return {token: self._keys.decrypt(sealed, token.encode()).decode() for token, sealed in rows}

    def seal(self, data: bytes, context: str) -> bytes:
        return self._keys.encrypt(data, b"seal " + context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        return self._keys.decrypt(sealed, b"seal " + context.encode())

    def fingerprint(self, data: bytes) -> str:
        return self._keys.fingerprint(data)

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""

    def _unlocked(self, key_file: Path) -> KeyRing:
        with self._database.writing() as sql:
            hold(sql, _OPENINGS, "")
            known = sql.scalar(select(vault_key.c.mark))
            if known and not key_file.exists():
                raise VaultLocked(f"the key file {key_file.name} is missing and the vault holds values")
            keys = KeyRing(secret_in(key_file))
            mark = keys.fingerprint(_MARK)
            if known and known != mark:
                raise VaultLocked(f"the key file {key_file.name} is not the key of this vault")
            if not known:
                sql.execute(insert(vault_key), {"id": 1, "mark": mark})
        return keys

    def _known(self, tokens: Collection[str]) -> set[str]:
        with self._database.reading() as sql:
            return set(sql.scalars(_KNOWN, {"tokens": tokens}))
