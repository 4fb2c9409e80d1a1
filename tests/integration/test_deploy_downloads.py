"""Downloads for the servers: pinned, kept, tried again; against a repository of this test's own."""

import hashlib
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.devstack import cache
from app.devstack.cache import DownloadFailed, cache_folder, fetched, unpacked
from tests.waiting import PATIENCE_SECONDS

CONTENT = b"a jar" * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "org/example/a/1/a-1.jar"


class Repository(ThreadingHTTPServer):
    """Serves CONTENT; `answers` are the statuses of the next requests, 200 (or 206) once they are used up."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.asked: list[str] = []
        self.content = CONTENT
        self.cut = 0


class Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status = self.server.answers.pop(0) if self.server.answers else 200
        content, asked = self.server.content, self.headers.get("Range")
        if asked and status == 200:
            first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
            content, status = content[first : last + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.cut:
            self.server.cut -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    server = Repository()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HUB_MAVEN_REPOSITORY", f"http://127.0.0.1:{server.server_port}/maven2")
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "PAUSE_SECONDS", 0.001)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_artefact_is_fetched_once_from_the_mirror(repository: Repository) -> None:
    target = cache_folder() / "kafka" / "a.jar"
    for _ in range(2):
        assert fetched(PATH, SHA256, target).read_bytes() == CONTENT
    assert repository.asked == [f"/maven2/{PATH}"]


def test_a_span_is_asked_for_as_a_range(repository: Repository) -> None:
    part = CONTENT[1_000:3_000]
    target = cache_folder() / "part"
    assert fetched(PATH, hashlib.sha256(part).hexdigest(), target, span=(1_000, 2_000)).read_bytes() == part


def test_a_file_that_is_not_the_pinned_one_is_refused_and_not_kept(repository: Repository) -> None:
    repository.content = CONTENT[:-1] + b"!"
    target = cache_folder() / "a.jar"
    with pytest.raises(DownloadFailed, match=rf"a-1\.jar: SHA-256 is [0-9a-f]+, pinned is {SHA256}"):
        fetched(PATH, SHA256, target)
    assert list(cache_folder().iterdir()) == []
    repository.content = CONTENT
    assert fetched(PATH, SHA256, target).exists()


@pytest.mark.parametrize("fault", [503, 429, "cut"])
def test_what_may_pass_is_tried_again(repository: Repository, fault: int | str) -> None:
    repository.answers, repository.cut = ([], 2) if fault == "cut" else ([int(fault)] * 2, 0)
    came: list[int] = []
    fetched(PATH, SHA256, cache_folder() / "a.jar", on_progress=came.append)
    assert len(repository.asked) == 3
    assert sum(came) == len(CONTENT), "what an attempt that broke off had brought is taken back"


def test_it_gives_up_after_some_attempts(repository: Repository) -> None:
    repository.answers = [503] * 50
    with pytest.raises(DownloadFailed, match="503"):
        fetched(PATH, SHA256, cache_folder() / "a.jar")
    assert len(repository.asked) == cache.ATTEMPTS


def test_what_is_not_there_is_asked_for_once(repository: Repository) -> None:
    repository.answers = [404] * 5
    with pytest.raises(DownloadFailed, match="404"):
        fetched(PATH, SHA256, cache_folder() / "a.jar")
    assert len(repository.asked) == 1


def unpack_and_fetch(together: object, told: object) -> None:
    together.wait()  # type: ignore[attr-defined]
    jar = fetched(PATH, SHA256, cache_folder() / "a.jar")
    folder = unpacked("a-1", lambda at: (at / "a").write_bytes(jar.read_bytes()) and None)
    told.put((folder / "a").read_bytes() == CONTENT)  # type: ignore[attr-defined]


def test_two_processes_at_once_both_get_the_whole(repository: Repository) -> None:
    context = multiprocessing.get_context("fork")
    together, told = context.Barrier(2), context.Queue()
    processes = [context.Process(target=unpack_and_fetch, args=(together, told)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [told.get(timeout=PATIENCE_SECONDS) for _ in processes] == [True, True]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sorted(path.name for path in cache_folder().iterdir()) == ["a-1", "a.jar"]


def test_unpacking_that_fails_leaves_nothing(repository: Repository) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").write_bytes(b"")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        unpacked("a-1", broken)
    assert list(cache_folder().iterdir()) == []
