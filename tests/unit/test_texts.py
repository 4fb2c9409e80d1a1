"""The message catalogues: whole in both languages, each text used, no word of a program in a sentence for people."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import orjson
import pytest

from hub.text.messages import bilingual, load, messages, sentence
from schemas.fields import by_path
from schemas.kind import kinds

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "app", ROOT / "hub", ROOT / "schemas", ROOT / "services"
CHINESE = re.compile(r"[㐀-鿿]")
QUOTED = re.compile(
    r"`[^`]*`|\{[^}]*\}|https?://\S+|\S+@\S+|--[a-z-]+|[\w*-]+\.[a-z]{2,4}\b|“[^”]*”|\bhub( [a-z][a-z-]+)*"
)
"""What may be of another language: commands, places to fill, addresses, options, file names, and quotations."""
WORDS = re.compile(r"(?<![\w./-])[A-Za-z_]{3,}(?![\w./-])")
PROPER = {"macOS", "iCalendar", "iD"}
OWN_NAMES = {"nav.other_language"}
"""Each language's link is called by its own name in the other one."""
CALLS = {"bilingual": 0, "sentence": 0, "t": 0, "expecting": 1, "refusal": 1}
"""What takes a code, and as which of its arguments."""


def sources() -> Iterator[Path]:
    for folder in CODE:
        yield from (path for path in folder.rglob("*") if path.suffix in (".py", ".html"))


def codes_in(path: Path) -> tuple[set[str], set[str]]:
    """Codes that a source names whole, and beginnings of those that it completes at run time."""
    whole, begun = set(), set()
    source = path.read_text("utf-8")
    for quoted in re.findall(r"""["']([a-z][\w.-]*)["']""", source):
        whole |= {quoted, f"portal.{quoted}"}
    for start in re.findall(r"""["']([a-z][\w.-]*[.-])(?:\{|["']\s*[~+])""", source):
        begun |= {start, f"portal.{start}"}
    return whole, begun


def called(path: Path) -> Iterator[str]:
    """The codes in calls of CALLS where they are literals."""
    if path.suffix == ".html":
        yield from (
            f"portal.{code}" for code in re.findall(r"""\bt\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", path.read_text())
        )
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            first = node.args[CALLS[node.func.id]] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                portal = "services/portal" in path.as_posix()
                yield f"portal.{first.value}" if portal and node.func.id == "t" else first.value


@cache
def identifiers() -> frozenset[str]:
    """Names of fields, parameters, members and values, as programs write them."""
    document = orjson.loads((ROOT / "schemas" / "published" / "openapi.json").read_bytes())
    names = {path for kind in kinds().values() for path in by_path(kind)}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            names.update(
                node.get("properties", ()), (value for value in node.get("enum", ()) if isinstance(value, str))
            )
            names.update([node["name"]] if "in" in node else ())
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    return frozenset(str(name) for name in names)


def identifiers_in(words: str, language: str) -> list[str]:
    """Words of programs; in English only those that are no English words at all."""
    found = [word for word in WORDS.findall(words) if word not in PROPER]
    if language == "zh":
        return [word for word in found if word in identifiers()]
    return [word for word in found if "_" in word.strip("_") and not word.isupper()]


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_no_code_is_missing_and_none_is_unused() -> None:
    whole: set[str] = set()
    begun: set[str] = set()
    missing: dict[str, str] = {}
    for path in sources():
        named, started = codes_in(path)
        whole |= named
        begun |= started
        missing |= {code: path.name for code in called(path) if code not in messages()}
    assert missing == {}
    assert {code for code in messages() if code not in whole and not code.startswith(tuple(begun))} == set()


def test_a_text_is_given_what_it_names() -> None:
    """Where values are given at once; a text without any is filled in later, or has no places."""
    wrong = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.suffix == ".py" else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name in {"bilingual", "expecting", "refusal"}:
                code, given = node.args[CALLS[name]], {str(keyword.arg) for keyword in node.keywords}
                if not isinstance(code, ast.Constant):
                    continue
                named = {place for place in places(messages()[str(code.value)]["zh"]) if place.isidentifier()}
                if given != named and (given or name != "bilingual"):
                    wrong[code.value] = given
    assert wrong == {}


def test_both_languages_have_the_same_places() -> None:
    for code, message in messages().items():
        assert places(message["zh"]) == places(message["en"]), code


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_is_of_its_language(language: str) -> None:
    wrong = {}
    for code, message in messages().items():
        words = QUOTED.sub("", message[language])
        chinese = bool(CHINESE.search(words))
        if code.partition(".")[2] in OWN_NAMES or not re.search(r"[^\W\d_]", words):
            continue
        if chinese != (language == "zh") or identifiers_in(words, language):
            wrong[code] = message[language]
    assert wrong == {}


def test_keys_are_told_once() -> None:
    for path in (ROOT / "hub" / "text" / "messages").glob("*.yaml"):
        keys = re.findall(r"^(\S+):", path.read_text("utf-8"), re.MULTILINE)
        assert len(keys) == len(set(keys)), path.name


@pytest.mark.parametrize(
    "catalogue", ["a: {zh: 好}", "a: {zh: 好, en: yes}", "a: {zh: 好, en: ''}", "a: {zh: 好, en: x, fr: y}"]
)
def test_a_message_that_lacks_a_language_is_refused(catalogue: str) -> None:
    with pytest.raises(ValueError, match="message a"):
        load(catalogue)


def test_values_are_filled_in_and_one_is_told_from_many() -> None:
    assert bilingual("booking.too-long", hours=3).zh == "一次不超过 3 小时"
    assert sentence("portal.results.count", "en", n=1) == "1 result"
    assert sentence("portal.results.count", "en", n=12345) == "12,345 results"
    assert sentence("portal.results.count", "zh", n=1) == "共 1 条"
    with pytest.raises(KeyError):
        bilingual("no.such-text")
