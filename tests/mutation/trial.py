"""Tests against one mutant, in a process of its own that has everything else imported already."""

import contextlib
import gc
import importlib.abc
import importlib.util
import io
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import is_hypothesis_test

MEMORY = 4 * 2**30
"""Bytes that a mutant may take; some never stop making lists."""
SECONDS = 4
"""Of processor time that a mutant may take; some never end."""
OPTIONS = ("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-W", "ignore")


class Examples:
    """Leaves out the tests on random values: no verdict on a mutant hangs on chance, and they take the longest."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not is_hypothesis_test(getattr(item, "obj", None))]

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.addini("timeout", "known to a plugin that is left out")


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the one module with the source given; every other is found as ever."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, f"<mutant of {self.name}>", "exec"), module.__dict__)


def run(files: Sequence[str]) -> int:
    """pytest's exit code of the files' examples."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none of them is needed, and each takes its time
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*OPTIONS, *files], plugins=[Examples()]))


def prepare(files: Sequence[str]) -> None:
    """Import what the tests need, all but the services and the tests.

    Raises RuntimeError where they do not pass.
    """
    if run(files) != 0:
        raise RuntimeError(f"the tests do not pass: {' '.join(files)}")
    for name in [name for name in sys.modules if name.startswith(("services.", "tests.unit"))]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def survivors(module: str, sources: Sequence[str], files: Sequence[str], jobs: int) -> Iterator[int]:
    """The numbers of the mutants on which every test passes, in some order."""
    running: dict[int, int] = {}
    for number, source in enumerate(sources):
        running[_forked(module, source, files)] = number
        if len(running) == jobs:
            yield from _ended(running)
    while running:
        yield from _ended(running)


def _ended(running: dict[int, int]) -> Iterator[int]:
    pid, status = os.wait()
    number = running.pop(pid)
    if status == 0:
        yield number


def _forked(module: str, source: str, files: Sequence[str]) -> int:
    """The id of a process that ends with 0 where the tests pass."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        sys.meta_path.insert(0, Mutated(module, source))
        code = run(files)
    finally:
        os._exit(code)


def path_of(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")
