"""Looks for values in everything that a hub keeps: files, tables, topics and backups, whatever form they are in."""

import re
import sqlite3
import tarfile
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.log.sqlite_eventlog import SqliteEventLog
from hub.ports.personal import TOKEN_PREFIX

TOKENS = re.compile(re.escape(TOKEN_PREFIX.encode()) + rb"[A-Za-z0-9]+=[A-Za-z0-9_-]+")
Place = tuple[str, bytes]


def forms(value: str) -> Iterator[bytes]:
    """UTF-8, UTF-16 in both orders, escaped in JSON, hexadecimal, and base64 at each of the three alignments."""
    data = value.encode()
    yield from (data, value.encode("utf-16-le"), value.encode("utf-16-be"), data.hex().encode())
    yield value.encode("ascii", "backslashreplace")
    for text in (data, value.encode("utf-16-le")):
        for shift in range(3):
            whole = b64encode(b"\0" * shift + text)[(0, 2, 3)[shift] :]
            yield whole[: len(text) * 4 // 3 - 2]


def files(folder: Path) -> Iterator[Place]:
    """Every file as it lies there."""
    yield from ((str(path), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())


def tables(folder: Path) -> Iterator[Place]:
    """Every row of every table in the folder's databases, decompressed."""
    for path in sorted(folder.rglob("*.db")):
        with closing(sqlite3.connect(path)) as sql:
            names = [name for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                yield from rows(f"{path.name} {name}", sql.execute(f'SELECT * FROM "{name}"'))


def rows(name: str, found: Iterable[Any]) -> Iterator[Place]:
    """Rows of a table, decompressed."""
    for row in found:
        for value in row:
            yield name, plain(value)


def topics(folder: Path) -> Iterator[Place]:
    """Every entry of every topic of the embedded log."""
    with closing(SqliteEventLog(folder / "log.db")) as log:
        for topic in (topic.name for topic in log.topics()):
            consumer = log.consumer("searching", [topic])
            consumer.rewind()
            while found := consumer.poll(1_000, 0):
                yield from ((topic, b"%r" % (entry,) + (entry.value or b"")) for entry in found)
            consumer.close()


def backup(file: Path, folder: Path) -> Iterator[Place]:
    """A backup as it lies there, and unpacked into the folder."""
    yield str(file), file.read_bytes()
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    yield from files(folder)
    yield from tables(folder)


def plain(value: Any) -> bytes:
    """A cell's bytes, decompressed where they are compressed."""
    data = value if isinstance(value, bytes) else str(value).encode()
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data


def readable(places: Iterable[Place], values: Iterable[str]) -> set[tuple[str, str]]:
    """Which of the values stand where."""
    wanted = [(value, form) for value in values for form in forms(value)]
    return {(name, value) for name, data in places for value, form in wanted if form in data}


def tokens(places: Iterable[Place]) -> set[str]:
    """Every token that stands anywhere."""
    return {token.decode() for _, data in places for token in TOKENS.findall(data)}
