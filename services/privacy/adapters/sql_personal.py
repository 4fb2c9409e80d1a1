"""Subjects' keys in a table, each sealed by a master key that lies in a file of its own."""

import os
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, update

from hub.kernel.identifiers import base32
from hub.ports.clock import Clock, rfc3339
from hub.ports.personal import GONE, KeysLocked, Sealer
from hub.sql.statements import SqlDatabase, among, hold, insert_into, overwrite_deleted
from services.privacy.adapters.master_keys import MasterKeys
from services.privacy.core.sealing import KEY_BYTES, SubjectKey, ref_of
from services.privacy.tables import person_keys

MASTER_FILE = "persons.key"
_OPENINGS = 0x6875_6206
"""The space of the advisory lock under which master keys are made and changed."""
_ROTATED_AT_ONCE = 1_000

_COLUMNS = person_keys.c.subject, person_keys.c.ref, person_keys.c.master, person_keys.c.wrapped
_OF_SUBJECTS = select(*_COLUMNS).where(among(person_keys.c.subject, "names"))
_OF_REFS = select(*_COLUMNS).where(among(person_keys.c.ref, "names"))
_OLD = select(*_COLUMNS).where(person_keys.c.master != bindparam("newest"), person_keys.c.wrapped != b"")
_DESTROY = (
    update(person_keys)
    .where(among(person_keys.c.subject, "names"), person_keys.c.erased_at.is_(None))
    .values(wrapped=b"", erased_at=bindparam("at"), reason=bindparam("why"))
)
_REWRAP = update(person_keys).where(person_keys.c.subject == bindparam("of")).values(
    master=bindparam("by"), wrapped=bindparam("sealed")
)  # fmt: skip


class KeysDiffer(ValueError):
    """Subjects that have another key here than in the file that was to be read."""

    def __init__(self, subjects: list[str]) -> None:
        super().__init__(", ".join(sorted(subjects)[:3]))
        self.count = len(subjects)


class SqlPersonalValues:
    """hub.ports.personal.PersonalValues, and what destroys, rotates and carries keys.

    Raises KeysLocked at opening where there are keys and no master key. Keys are read anew each time, so that one that
    another process destroyed opens nothing here.
    """

    def __init__(self, database: SqlDatabase, folder: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        with database.writing() as sql:
            hold(sql, _OPENINGS, "")
            self._masters = MasterKeys(folder / MASTER_FILE)
            if not self._masters.newest:
                if sql.scalar(select(person_keys.c.ref).where(person_keys.c.wrapped != b"").limit(1)):
                    raise KeysLocked(f"the key file {MASTER_FILE} is missing and there are keys that it sealed")
                self._masters.add()

    def sealers(self, subjects: Collection[str]) -> Mapping[str, Sealer]:
        wanted = set(subjects)
        rows = self._rows(_OF_SUBJECTS, wanted)
        if lacking := wanted - {row.subject for row in rows}:
            with self._making() as sql:
                self._insert(sql, (self._new(subject) for subject in sorted(lacking)))
            rows += self._rows(_OF_SUBJECTS, lacking)
        return {row.subject: self._key(row).seal if row.wrapped else _sealed_away for row in rows}

    def open(self, tokens: Collection[str]) -> Mapping[str, Any]:
        by_ref: dict[str, list[str]] = {}
        for token in tokens:
            by_ref.setdefault(ref_of(token), []).append(token)
        by_ref.pop("", None)
        opened: dict[str, Any] = {}
        for row in self._rows(_OF_REFS, by_ref) if by_ref else ():
            if row.wrapped:
                opened |= _opened(self._key(row), by_ref[row.ref])
        return opened

    def subjects(self, tokens: Collection[str]) -> set[str]:
        """Whom the tokens are about."""
        return {row.subject for row in self._rows(_OF_REFS, set(map(ref_of, tokens)))}

    def erase(self, subjects: Collection[str], reason: str) -> None:
        """Destroy the subjects' keys; what is said of them later is not kept either, until `readmit`."""
        at = rfc3339(self._clock.now())
        with self._making() as sql:
            overwrite_deleted(sql)
            sql.execute(_DESTROY, {"names": subjects, "at": at, "why": reason})
            gone = {"master": "", "wrapped": b"", "erased_at": at, "reason": reason}
            self._insert(sql, ({**self._new(subject), **gone} for subject in sorted(subjects)))
        self._database.purge(person_keys.name)

    def readmit(self, subjects: Collection[str]) -> None:
        """Give those that were erased new keys; what was sealed before stays unreadable."""
        with self._making() as sql:
            for subject in subjects:
                fresh = {**self._new(subject), "erased_at": None, "reason": ""}
                erased = person_keys.c.subject == subject, person_keys.c.erased_at.is_not(None)
                sql.execute(update(person_keys).where(*erased).values(fresh))

    def erased(self, subjects: Collection[str]) -> set[str]:
        """Those of the subjects that were erased."""
        return {row.subject for row in self._rows(_OF_SUBJECTS, set(subjects)) if not row.wrapped}

    def rotate(self) -> int:
        """Seal every key by a new master key and destroy the old ones; returns how many. Broken off, it is repeated."""
        with self._making():
            self._masters.add()
        count = 0
        while changed := self._rewrap():
            count += changed
        self._database.purge(person_keys.name)
        return count

    def dump(self) -> bytes:
        """Every key and what opens them, to be kept apart from backups; whoever has it reads everything."""
        with self._database.reading() as sql:
            rows = [
                {str(name): value for name, value in row.items()} for row in sql.execute(select(person_keys)).mappings()
            ]
        for row in rows:
            row["wrapped"] = b64encode(row["wrapped"]).decode()
        return orjson.dumps({"masters": b64encode(self._masters.to_bytes()).decode(), "keys": rows})

    def load(self, dumped: bytes) -> int:
        """Add the keys that lack; those that were erased here stay so. Returns how many there were in it.

        Raises KeysDiffer where subjects have other keys here, under which something may have been sealed since.
        """
        given = orjson.loads(dumped)
        rows = [{**row, "wrapped": b64decode(row["wrapped"])} for row in given["keys"]]
        refs = {row["subject"]: row["ref"] for row in rows}
        here = self._rows(_OF_SUBJECTS, set(refs))
        if differing := [row.subject for row in here if row.wrapped and row.ref != refs[row.subject]]:
            raise KeysDiffer(differing)
        with self._making() as sql:
            self._masters.keep(b64decode(given["masters"]))
            self._insert(sql, rows)
        return len(rows)

    def without_key(self, tokens: Iterable[tuple[str, str]]) -> int:
        """Of tokens with the subjects that they are about: how many have no key though nobody erased the subject."""
        named = list(tokens)
        refs = {row.ref for row in self._rows(_OF_REFS, {ref_of(token) for _, token in named})}
        known = {row.subject for row in self._rows(_OF_SUBJECTS, {subject for subject, _ in named})}
        return sum(
            bool(ref_of(token)) and ref_of(token) not in refs and subject not in known for subject, token in named
        )

    def close(self) -> None:
        """Nothing is held; the database is closed by whoever opened it."""

    @contextmanager
    def _making(self) -> Iterator[Connection]:
        """A write transaction in which nobody else changes the master keys."""
        with self._database.writing() as sql:
            hold(sql, _OPENINGS, "")
            self._masters.read()
            yield sql

    def _rewrap(self) -> int:
        with self._making() as sql:
            rows = sql.execute(_OLD.limit(_ROTATED_AT_ONCE), {"newest": self._masters.newest}).all()
            overwrite_deleted(sql)
            for row in rows:
                key = self._masters.unwrap(row.wrapped, row.ref, row.master)
                sealed = {"of": row.subject, "by": self._masters.newest, "sealed": self._masters.wrap(key, row.ref)}
                sql.execute(_REWRAP, sealed)
            if not rows:
                self._masters.forget_old()
        return len(rows)

    def _rows(self, statement: Any, names: Collection[str]) -> list[Any]:
        with self._database.reading() as sql:
            return list(sql.execute(statement, {"names": names}))

    def _new(self, subject: str) -> dict[str, Any]:
        ref = base32(int.from_bytes(os.urandom(10)), 80)
        wrapped = self._masters.wrap(os.urandom(KEY_BYTES), ref)
        made = {"subject": subject, "ref": ref, "master": self._masters.newest, "wrapped": wrapped}
        return {**made, "erased_at": None, "reason": ""}

    def _insert(self, sql: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        if made := list(rows):
            sql.execute(insert_into(sql.dialect.name, person_keys).on_conflict_do_nothing(), made)

    def _key(self, row: Any) -> SubjectKey:
        return SubjectKey(row.ref, self._masters.unwrap(row.wrapped, row.ref, row.master))


def _sealed_away(_: Any) -> str:
    return GONE


def _opened(key: SubjectKey, tokens: Iterable[str]) -> dict[str, Any]:
    opened = {}
    for token in tokens:
        try:
            opened[token] = key.open(token)
        except ValueError:
            continue  # a value that only looks like a token
    return opened
