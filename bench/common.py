"""What every benchmark shares: peers in interleaved rounds, percentiles, machine facts and a section of RESULTS.md."""

import argparse
import os
import platform
import re
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

from hub.kernel.access import Principal

RESULTS = Path(__file__).with_name("RESULTS.md")
OPERATOR = Principal("bench", frozenset({"operator"}), frozenset({"*"}), "bench")
FSYNCS = 40

T = TypeVar("T")


class Took(NamedTuple):
    """Seconds by the clock on the wall, and of processors' time that this process had."""

    wall: float
    cpu: float


def in_rounds(peers: Mapping[str, Callable[[Path], T]], count: int) -> dict[str, list[T]]:
    """Each peer once a round, in turn, every second round backwards, so that a busy machine is busy for all of them."""
    found: dict[str, list[T]] = {name: [] for name in peers}
    for number in range(count):
        for name, run in list(peers.items())[:: -1 if number % 2 else 1]:
            with folder() as place:
                found[name].append(run(place))
    return found


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder, on the file system that TMPDIR names."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` between 0 and 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1_000) * len(ordered) // 1_000) - 1))]


def ratios(hub: Sequence[float], peer: Sequence[float]) -> str:
    """The median of the rounds' ratios, and the least and greatest."""
    each = [one / other for one, other in zip(hub, peer, strict=True)]
    return f"{median(each):.0%} ({min(each):.0%}–{max(each):.0%})"


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """Median, least and greatest."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(slots=True)
class Report:
    """A benchmark's section of RESULTS.md: a heading, how and where it was measured, and what it found."""

    name: str
    title: str
    command: str
    parts: list[str] = field(default_factory=list)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, text: str) -> None:
        self.parts.append(text)

    def markdown(self) -> str:
        return "\n\n".join([f"## {self.title}", f"`{self.command}`  \n{self._facts()}", *self.parts])

    def finish(self, write: bool) -> None:
        """Print the section and, where asked to, put it in the place of its last one."""
        text = self.markdown()
        print(f"\n{text}", flush=True)
        if write:
            before = RESULTS.read_text("utf-8") if RESULTS.exists() else "# Results\n"
            RESULTS.write_text(with_section(before, self.name, text), "utf-8")

    def _facts(self) -> str:
        loads = f"load average {self.load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
        return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit_of(RESULTS)}, {machine()}, {loads}"


def with_section(document: str, name: str, text: str) -> str:
    """The document with the named section replaced, or added at its end."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{begin}\n{text}\n{end}"
    found = re.compile(rf"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(document):
        return found.sub(lambda _: section, document)
    return f"{document.rstrip()}\n\n{section}\n"


def machine() -> str:
    """Processor, memory, versions, and what waiting for this disk costs."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"write + fsync of 4 KiB {_fsync_ms():.2f} ms (median)"
    )


def options(description: str, **more: tuple[type, object, str]) -> argparse.ArgumentParser:
    """A parser with --rounds, --write and one option for each of `more`: (type, default, help)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=3, help="of peers in turn")
    parser.add_argument("--write", action="store_true", help="put the section into bench/RESULTS.md")
    for name, (kind, default, text) in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{text} ({default})")
    return parser


def took(work: Callable[[], object]) -> Took:
    """How long it takes."""
    began, began_cpu = perf_counter(), process_time()
    work()
    return Took(perf_counter() - began, process_time() - began_cpu)


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", listed.read_text()) if listed.exists() else None
    return named[1].strip() if named else platform.processor() or platform.machine()


def commit_of(results: Path) -> str:
    """The commit of the checkout with the file of results, `-dirty` where another tracked file differs from it: results
    of the benchmark before change nothing of what is measured. BENCH_COMMIT names it for a copy without a history."""
    if known := os.environ.get("BENCH_COMMIT"):
        return known
    others = ["--untracked-files=no", "--", ":/", f":(exclude){results.name}"]
    try:
        commit, changed = (
            subprocess.run(["git", *command], cwd=results.parent, capture_output=True, text=True, check=True).stdout
            for command in (["describe", "--always"], ["status", "--porcelain", *others])
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.strip() + ("-dirty" if changed.strip() else "")


def _fsync_ms() -> float:
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(FSYNCS):
            began = perf_counter()
            file.write(bytes(4_096))
            file.flush()
            os.fsync(file.fileno())
            taken.append(perf_counter() - began)
    return median(taken) * 1_000
