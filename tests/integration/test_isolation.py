"""Every cell of the tables in docs/rights.md is asked for: who may do what with whose things."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import httpx
import pytest

from app.limits import PAGES, WRITING
from schemas.http import OPERATIONS
from tests.integration.isolation_requests import CHANGING, LISTS, WAYS
from tests.integration.isolation_things import Ask, At
from tests.integration.isolation_watch import Watch
from tests.integration.isolation_world import AFAR, CALLERS, MARKS, PHONES, Caller, Whose, World, opened

pytestmark = pytest.mark.integration
RIGHTS = Path(__file__).parents[2] / "docs" / "rights.md"
ROW = re.compile(r"\| `((?:GET|POST|DELETE) /[^`]*)`( \([^)]*\))? \|(.*)\|")
PARTS: Mapping[str, tuple[Whose, Whose]] = {"own": ("own", "other"), "self": ("self", "colleague")}
STATUSES = {operation.method + " " + operation.path: operation.status for operation in OPERATIONS}
SHOWN: Mapping[str, frozenset[str]] = {
    "yes": frozenset({"own", "other", "self"}),
    "own": frozenset({"own", "self"}),
    "self": frozenset({"self"}),
}
"""Whose things are in a list that is answered so."""


FIELDS = {
    "public": ("instrument", "instrument {name}"),
    "member": ("instrument", "contact {name}"),
    "agency": ("expert", "mail-{name}@example.org"),
    "secret": ("instrument", "{phone}"),
}
"""A record that has a value of each openness, and the value."""


def lines() -> list[str]:
    return RIGHTS.read_text("utf-8").splitlines()


@cache
def rows() -> dict[str, tuple[str, ...]]:
    """The cells of each row, by its name."""
    found = {}
    for line in lines():
        if match := ROW.match(line):
            found[match[1] + (match[2] or "")] = tuple(cell.strip() for cell in match[3].split("|"))
    return found


def bare(name: str) -> str:
    """Without what tells a row from another of the same operation."""
    return name.partition(" (")[0]


def asked_for(cell: str, is_list: bool) -> list[tuple[Whose, str]]:
    """Whose thing is asked for, and what is answered: `yes`, `sign-in`, a status, or what a list has."""
    if cell in {"own", "self", "none"} or is_list:
        return [("all", cell)]
    kind, _, statuses = cell.rpartition(":")
    first, slash, second = statuses.partition("/")
    if not slash:
        return [("own", cell), ("other", cell)]
    own, others = PARTS[kind or (first if first in PARTS else "own")]
    expected = "yes" if first in PARTS else first
    return [(own, expected), (others, second), *([("other", second)] if own == "self" else [])]  # type: ignore[list-item]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture(scope="module")
def watch(world: World) -> Iterator[Watch]:
    watching = Watch(world.folder)
    yield watching
    watching.close()


def test_the_table_has_every_operation_and_every_page_and_nothing_else() -> None:
    pages = {f"GET {path}" for path in PAGES.split()} | {name for name in WRITING if " /api/" not in name}
    assert {bare(name) for name in rows()} == set(STATUSES) | pages
    assert set(rows()) == set(WAYS)


def test_every_row_has_a_cell_for_every_caller() -> None:
    header = next(line for line in lines() if line.startswith("| what |"))
    assert [name.strip() for name in header.split("|")[2:-1]] == list(CALLERS)
    assert {len(cells) for cells in rows().values()} == {len(CALLERS)}


@pytest.mark.parametrize("name", WAYS)
def test_what_the_row_says_holds_for_every_caller(world: World, watch: Watch, name: str) -> None:
    wrong = []
    for (title, make), cell in zip(CALLERS.items(), rows()[name], strict=True):
        caller = make(world) if name in CHANGING else world.caller(title)
        for whose, expected in asked_for(cell, name in LISTS):
            failures = check(At(world, caller, whose), watch, name, expected)
            wrong += [f"{title}, {whose}: {cell}, but {failure}" for failure in failures]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", WAYS)
def test_whoever_acts_for_nobody_is_refused_and_yet_signed_in(world: World, name: str) -> None:
    """401 is for the anonymous: a page that is answered so has the browser drop its session."""
    at = At(world, world.person("nobody"), "own")
    answer = ask_for(at, name, WAYS[name](replace(at, caller=world.caller("administrator"))))
    assert answer.status_code != 401, answer.text[:300]


@pytest.mark.parametrize("openness", FIELDS)
def test_fields_of_a_level_are_shown_to_whom_the_table_says(world: World, openness: str) -> None:
    record, value = FIELDS[openness]
    wrong = []
    cells = next(match[1] for line in lines() if (match := re.match(rf"\| {openness} \|(.*)\|", line)))
    for title, cell in zip(CALLERS, cells.split("|"), strict=True):
        for made in world.of.values():
            for path in ("", "/history"):
                answer = world.call(f"GET /api/v1/records/{made.records[record]}{path}", world.caller(title))
                shown = value.format(name=made.mark[4:], phone=PHONES["own" if made is world.of["own"] else "other"])
                if (shown in answer.text) != (cell.strip() == "yes"):
                    wrong.append(f"{title}: {cell}, but {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


def test_the_watch_sees_what_changes(world: World, watch: Watch) -> None:
    before = watch.state()
    assert watch.state() == before
    world.book(world.guest, world.of["own"].records["instrument"])
    changed = {table for table, digest in watch.state().items() if digest != before.get(table)}
    assert "bookings.db: bookings" in changed


def check(at: At, watch: Watch, name: str, expected: str) -> Iterator[str]:
    """What is wrong with the answer."""
    ask = WAYS[name](at)
    refused = expected in {"sign-in", "none"} or expected.isdigit()
    before = watch.state() if refused else {}
    answer = ask_for(at, name, ask)
    if not is_expected(answer, bare(name), ask, expected):
        yield f"answered {answer.status_code} {answer.text[:200]}"
        return
    if refused and (after := watch.state()) != before:
        changed = [table for table in after if after[table] != before.get(table)]
        yield f"changed {', '.join(changed)}"
    if not ask.address:  # whoever sits at the hub's machine reads its mail
        yield from (f"has {mark}" for mark in may_not_have(at.caller, at.whose, expected) if mark in answer.text)
    if ask.marks and not expected.isdigit():
        shown = SHOWN.get(expected, frozenset())
        wrong = [whose for whose, mark in ask.marks.items() if (mark in answer.text) != (whose in shown)]
        yield from (f"{'lacks' if whose in shown else 'has'} what is {whose}" for whose in wrong)


def ask_for(at: At, name: str, ask: Ask) -> httpx.Response:
    method, _, path = bare(name).partition(" ")
    path = ask.whole_path or path
    for key, value in ask.names.items():
        path = path.replace(f"{{{key}}}", value)
    return at.world.call(f"{method} {path}", at.caller, address=ask.address or AFAR, params=dict(ask.query), **ask.sent)


def is_expected(answer: httpx.Response, name: str, ask: Ask, expected: str) -> bool:
    if expected == "sign-in":
        return answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?")
    if expected.isdigit():
        return answer.status_code == int(expected)
    method = name.partition(" ")[0]
    leads_on = answer.headers.get("location", "").startswith("/sign-in?")
    done = ask.done or (STATUSES.get(name) or (303 if method == "POST" else 200),)
    return answer.status_code in done and not leads_on


def may_not_have(caller: Caller, whose: Whose, expected: str) -> Iterator[str]:
    """What is private to organisations whose things are not in the answer."""
    shown = SHOWN.get(expected, frozenset()) if whose == "all" or expected == "yes" else frozenset()
    if whose != "all":
        shown &= {"other" if whose == "other" else "own"}
    for side in MARKS:
        if side not in shown or not caller.token:
            yield from (MARKS[side], PHONES[side])
