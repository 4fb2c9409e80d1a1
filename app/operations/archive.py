"""A backup as a file: a tar of a hub's stores and keys, which begins with a manifest of what is in it."""

import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO

import orjson

from app.operations.sqlite_tables import PRIVATE, STORES
from app.operations.tables import Digest, OnProgress

MANIFEST = "manifest.json"
FORMAT = 1
MANIFEST_LIMIT = 2**20
CHUNK = 2**20


class NoBackup(ValueError):
    """The file is no backup of a hub, or not whole."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, of a hub on the adapters of `profile`; `made_at` is RFC 3339, UTC.

    `tables` and `topics` are the digests of every table's rows and topic's entries, `files` bytes and SHA-256.
    """

    id: str
    made_at: str
    profile: str
    version: str
    tables: Mapping[str, Digest]
    topics: Mapping[str, Digest]
    files: Mapping[str, Digest]
    format: int = FORMAT


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone, which has its name once it is complete and on the disk."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            raise FileExistsError(path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def pack(file: IO[bytes], folder: Path, manifest: Manifest, compressed: bool, on_progress: OnProgress) -> None:
    """Write the manifest and the files that it names."""
    total, done = sum(digest.count for digest in manifest.files.values()), 0
    with tarfile.open(fileobj=file, mode="w|gz" if compressed else "w|") as tar:
        data = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
        tar.addfile(_member(MANIFEST, len(data)), BytesIO(data))
        for name, digest in manifest.files.items():
            with (folder / name).open("rb") as source:
                tar.addfile(_member(name, digest.count), source)
            done += digest.count
            on_progress(done, total)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a backup; NoBackup where it is none."""
    with _opened(path) as tar:
        return _manifest(tar)


def unpack(path: Path, folder: Path, on_progress: OnProgress) -> Manifest:
    """Write the files of a backup into a folder, each checked against the manifest; NoBackup where it is not whole."""
    with _opened(path) as tar:
        manifest = _manifest(tar)
        total, done = sum(digest.count for digest in manifest.files.values()), 0
        missing = dict(manifest.files)
        while (member := tar.next()) is not None:
            expected = missing.pop(member.name, None)
            source = tar.extractfile(member) if expected else None
            if expected is None or source is None or not member.isreg():
                raise NoBackup(f"{member.name} is not in the manifest")
            if _save(source, folder / member.name) != expected:
                raise NoBackup(f"{member.name} is damaged")
            done += expected.count
            on_progress(done, total)
        if missing:
            raise NoBackup(f"{', '.join(missing)} is missing")
    return manifest


def file_digests(folder: Path) -> dict[str, Digest]:
    """Bytes and SHA-256 of every file that belongs into a backup."""
    return {name: _digest_of(folder / name) for name in (*PRIVATE, *STORES) if (folder / name).exists()}


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r|*") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise NoBackup(str(error)) from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    source = tar.extractfile(member) if member and member.name == MANIFEST else None
    if member is None or source is None or member.size > MANIFEST_LIMIT:
        raise NoBackup("it does not begin with a manifest")
    try:
        raw = orjson.loads(source.read())
        if raw["format"] != FORMAT:
            raise NoBackup(f"its format is {raw['format']}, this hub reads {FORMAT}")
        for name in ("tables", "topics", "files"):
            raw[name] = {key: Digest(**value) for key, value in raw[name].items()}
        manifest = Manifest(**raw)
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError) as error:
        raise NoBackup("its manifest cannot be read") from error
    if not set(manifest.files) <= {*PRIVATE, *STORES} or not manifest.id.isalnum():
        raise NoBackup("its manifest names files that no hub has")
    return manifest


def _save(source: IO[bytes], target: Path) -> Digest:
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
        file.flush()
        os.fsync(file.fileno())
    return _digest_of(target)


def _digest_of(path: Path) -> Digest:
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Digest(size, digest.hexdigest())
