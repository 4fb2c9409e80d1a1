"""Run the checks and then the tests, tier by tier; the closing lines tell how many passed in each, and on what.

python -m tests.run                  checks and every tier
python -m tests.run lint unit        these tiers alone; lint has the checks and the tests that prove them
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.engine import SHORT_LIVED_JAVA
from tests.engine.hold import ALL, SERVERS, HeldEngine
from tests.summary import TIERS, Summary, summary_of

ROOT = Path(__file__).resolve().parent.parent
PARALLEL = ("lint", "unit")
"""The tiers whose tests share nothing, so that every processor may run some of them."""
SERVED = {"conformance", "integration", "simulation"}
"""The tiers that use servers."""
CONTAINED = {"conformance", "integration", "containers"}
"""The tiers that use containers where there can be any."""
INTERRUPTED = 2
"""Pytest's exit code where it was told to end."""
JDK_PACKAGES = ("openjdk-25-jdk-headless", "openjdk-21-jdk-headless")
CHECKS = (
    ("ruff", ["-m", "ruff", "check", "--no-cache", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy --strict", ["-m", "mypy"]),
    ("import-linter", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)


def main(arguments: list[str]) -> int:
    unknown = [argument for argument in arguments if argument not in TIERS]
    if unknown:
        print(f"unknown tier {unknown[0]!r}; tiers: {', '.join(TIERS)}", file=sys.stderr)
        return 2
    tiers = arguments or list(TIERS)
    if {"e2e", "containers"} & set(tiers) and not ensure_browser():
        return 1
    if (SERVED | CONTAINED) & set(tiers):
        ensure_jdk()
    total = Summary()
    with HeldEngine(shares=bool(SERVED & set(tiers))) if CONTAINED & set(tiers) else nullcontext() as held:
        failed = [name for name, command in CHECKS if not passes(name, command)] if "lint" in tiers else []
        for chosen, options, step in runs(tiers):
            environment = held.environment(step) if held and step else dict(os.environ)
            code = run_tests(chosen, options, total, environment)
            if code:
                failed.append(f"tests of {', '.join(chosen)}")
            if code == INTERRUPTED:
                break
    print("\n== " + (f"FAILED: {'; '.join(failed)}" if failed else "passed"), *total.lines(), sep="\n")
    return bool(failed)


def runs(tiers: Sequence[str]) -> Iterator[tuple[list[str], tuple[str, ...], str]]:
    """What one pytest runs each: its tiers, its options, and how far the engine has to be prepared before it."""
    for some, options, step in (
        (set(PARALLEL), ("-n", "auto", "--dist", "worksteal"), ""),
        (
            set(TIERS) - set(PARALLEL) - {"containers"},
            ("-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"),
            SERVERS,
        ),
        ({"containers"}, (), ALL),
    ):
        if chosen := [tier for tier in tiers if tier in some]:
            yield chosen, options, step if CONTAINED & set(chosen) else ""


def run_tests(tiers: Sequence[str], options: Sequence[str], total: Summary, environment: Mapping[str, str]) -> int:
    """Run tiers in one pytest and add what it came to; returns its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "summary.json"
        command = [sys.executable, "-m", "pytest", "-q", *options, *(f"tests/{tier}" for tier in tiers)]
        # Empty is unset: each of the hub's processes that tests start would compile the hub for itself.
        bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
        settings = {**SHORT_LIVED_JAVA, **bytecode, "HUB_TESTS_SUMMARY": str(path)}
        code = run_until_stopped(command, {**environment, **settings})
        if path.exists():
            total.add(summary_of(path.read_text("utf-8")))
        return code


def run_until_stopped(command: list[str], environment: Mapping[str, str]) -> int:
    """The exit code of pytest, which is interrupted, and puts away what it started, when this process is to end.

    It takes an interrupt also where this process was started with interrupts ignored, since it inherits no handler.
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends it to both
    tests = subprocess.Popen(command, cwd=ROOT, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: tests.send_signal(signal.SIGINT))
    return tests.wait()


def passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.call([sys.executable, *command], cwd=ROOT) == 0


def ensure_browser() -> bool:
    """Find Chromium; where apt-get may be used without a password, install it."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return True
    if installed("chromium", "fonts-noto-cjk") and shutil.which("chromium"):
        return True
    print("The e2e tier needs Chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk).", file=sys.stderr)
    return False


def ensure_jdk() -> None:
    """Find a JDK for Elasticsearch, or try to install one; without one the tests run on the other servers alone."""
    try:
        from app.devstack.hold import JdkMissing
        from app.devstack.java import jdk_home
    except ImportError:  # the libraries for servers are not there for every system
        return
    for package in JDK_PACKAGES:
        try:
            jdk_home()
        except JdkMissing:
            installed(package)
        else:
            return
    try:
        jdk_home()
    except JdkMissing as error:
        print(f"== nothing can run on Elasticsearch: {error}", file=sys.stderr)


def installed(*packages: str) -> bool:
    """Whether the system's packages could be installed; tried only where that needs no password."""
    apt = shutil.which("apt-get")
    if not apt or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", *packages])
    return all(subprocess.call(command, env=environment, stdout=subprocess.DEVNULL) == 0 for command in commands)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
