"""Tests against mutants: the tests are collected once, and each mutant has a process of its own in which they run."""

import contextlib
import importlib.abc
import importlib.util
import inspect
import io
import os
import resource
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import pytest
from hypothesis import is_hypothesis_test

from tests.mutation.mutants import Mutant

MEMORY = 4 * 2**30
"""Bytes that a mutant may take; some never stop making lists."""
SECONDS = 4
"""Of processor time that a mutant may take; some never end."""
OPTIONS = ("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-W", "ignore")


class Examples:
    """Leaves out the tests on random values: no verdict on a mutant hangs on chance, and they take the longest."""

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.addini("timeout", "known to a plugin that is left out")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not is_hypothesis_test(getattr(item, "obj", None))]


class Trials(Examples):
    """Runs the tests once as they are, and then once a mutant; `survivors` are the mutants that pass them all."""

    def __init__(self, module: str, mutants: Sequence[Mutant], files: Sequence[str], jobs: int) -> None:
        self.module, self.mutants, self.files, self.jobs = module, mutants, files, jobs
        self.passed = False
        self.survivors: list[Mutant] = []
        self._running: dict[int, Mutant] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.passed = _pass(session.items)
        for mutant in self.mutants if self.passed else ():
            self._running[self._started(mutant, session.items)] = mutant
            if len(self._running) == self.jobs:
                self._end_one()
        while self._running:
            self._end_one()
        return True

    def _started(self, mutant: Mutant, items: Sequence[pytest.Item]) -> int:
        """The id of a process that ends with 0 where the tests pass."""
        if pid := os.fork():
            return pid
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            passed = (
                _pass(items) if _replaced(self.module, mutant) else _passes_imported(self.module, mutant, self.files)
            )
            code = 0 if passed else 1
        finally:
            os._exit(code)

    def _end_one(self) -> None:
        pid, status = os.wait()
        mutant = self._running.pop(pid)
        if status == 0:
            self.survivors.append(mutant)


def survivors(module: str, mutants: Sequence[Mutant], files: Sequence[str], jobs: int) -> list[Mutant]:
    """The mutants on which every test passes. Raises RuntimeError where the tests do not pass without any."""
    trials = Trials(module, mutants, files, jobs)
    _run(files, trials)
    if not trials.passed:
        raise RuntimeError(f"the tests do not pass: {' '.join(files)}")
    return trials.survivors


def _run(files: Sequence[str], plugin: Examples) -> int:
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none of them is needed, and each takes its time
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*OPTIONS, *files], plugins=[plugin]))


def _pass(items: Sequence[pytest.Item]) -> bool:
    for item, following in zip(items, [*items[1:], None], strict=True):
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.Session.Failed:
            return False
        if item.session.testsfailed:
            return False
    return bool(items)


def _replaced(module: str, mutant: Mutant) -> bool:
    """Whether the mutant lies within a function, whose code is then replaced wherever the function is known."""
    names = mutant.where.split(".")
    holder, code = sys.modules[module], compile(mutant.source, f"<mutant of {module}>", "exec")
    for name in names:
        inner = next((part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name), None)
        known = vars(holder).get(name)
        if inner is None or known is None:
            return False
        if hasattr(known, "cache_clear"):
            known.cache_clear()
        known = inspect.unwrap(known)
        if inspect.isfunction(known):
            known.__code__ = inner
            return mutant.before.split(" ", 1)[0] != "def"  # what stands in its head takes an import
        holder, code = known, inner
    return False


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the one module with the source given; every other is found as ever."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, f"<mutant of {self.name}>", "exec"), module.__dict__)


def _passes_imported(module: str, mutant: Mutant, files: Sequence[str]) -> bool:
    """As _pass, with all that may have something of the module imported anew."""
    for name in [name for name in sys.modules if name.startswith(("services.", "tests.unit"))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Mutated(module, mutant.source))
    return _run(files, Examples()) == 0
