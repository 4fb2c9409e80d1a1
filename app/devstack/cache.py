"""Downloads that are kept: outside the checkout, checked by SHA-256, tried again when they fail."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

import httpx
from jgo.constants import MAVEN_CENTRAL_URL
from remotezip import RemoteZipError

from app.devstack.process import is_root

ATTEMPTS = 4
PAUSE_SECONDS = 3.0
TIMEOUT_SECONDS = 60.0
CHUNK = 2**20

T = TypeVar("T")


OnProgress = Callable[[int], None]
"""Called with the bytes that have just come; fewer than none where an attempt is given up and begun again."""


def silent(_: int) -> None:
    """Tell nobody."""


class DownloadFailed(RuntimeError):
    """The artefact could not be had, or is not the one that was pinned."""


def cache_folder() -> Path:
    """HUB_CACHE, or the user's cache; for root a folder that the servers' user can read as well."""
    if named := os.environ.get("HUB_CACHE"):
        folder = Path(named)
    elif is_root():
        folder = Path("/var/cache/research-hub")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "research-hub"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def repository() -> str:
    """The Maven repository: HUB_MAVEN_REPOSITORY (any mirror), else Maven Central."""
    return os.environ.get("HUB_MAVEN_REPOSITORY", MAVEN_CENTRAL_URL).rstrip("/") + "/"


def fetched(
    path: str, sha256: str, target: Path, *, span: tuple[int, int] | None = None, on_progress: OnProgress = silent
) -> Path:
    """The artefact at this path of the repository, or `span` (first byte, length) of it, as a file.

    A file that is there already has been checked when it was put there. Raises DownloadFailed.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    url = urljoin(repository(), path)
    try:
        digest = attempted(path, lambda: _download(url, part, span, on_progress))
        if digest != sha256:
            raise DownloadFailed(f"{path}: SHA-256 is {digest}, pinned is {sha256}")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def attempted(what: str, action: Callable[[], T]) -> T:
    """What the action gives, tried again with growing pauses where the network or the repository fails."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return action()
        except (httpx.HTTPError, OSError, RemoteZipError) as error:
            if attempt == ATTEMPTS or _final(error):
                raise DownloadFailed(f"{what}: {error}") from error
            time.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError("the last attempt returns or raises")


def _final(error: Exception) -> bool:
    """Whether the same request would be answered the same: 4xx, but for a time-out and too many requests."""
    if not isinstance(error, httpx.HTTPStatusError):
        return False
    status = error.response.status_code
    return 400 <= status < 500 and status not in (408, 429)


def unpacked(name: str, unpack: Callable[[Path], None]) -> Path:
    """A folder in the cache that `unpack` fills once; another process that does the same at once may win."""
    folder = cache_folder() / name
    if folder.exists():
        return folder
    beside = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        unpack(beside)
        beside.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _download(url: str, part: Path, span: tuple[int, int] | None, on_progress: OnProgress) -> str:
    headers = {"Range": f"bytes={span[0]}-{span[0] + span[1] - 1}"} if span else {}
    digest, came = hashlib.sha256(), 0
    try:
        with (
            part.open("wb") as file,
            httpx.stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as answer,
        ):
            answer.raise_for_status()
            if span and answer.status_code != 206:
                raise httpx.HTTPError("the repository does not answer range requests")
            for chunk in answer.iter_bytes(CHUNK):
                digest.update(chunk)
                file.write(chunk)
                came += len(chunk)
                on_progress(len(chunk))
    except (httpx.HTTPError, OSError):
        on_progress(-came)
        raise
    return digest.hexdigest()
