"""Every decision is in the index, and every dependency among the decisions."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs/decisions"
STUBS = {"types-openpyxl", "types-pyyaml", "lxml-stubs"}  # types of libraries that have their line


def test_the_index_has_every_decision_by_its_title() -> None:
    index = dict(re.findall(r"^\| \[\d{4}\]\((\S+)\) \| (.*) \|$", (DECISIONS / "README.md").read_text("utf-8"), re.M))
    pages = {page.name: page.read_text("utf-8") for page in DECISIONS.glob("[0-9]*.md")}
    assert set(index) == set(pages)
    for name, text in pages.items():
        assert text.startswith(f"# {int(name[:4])}. {index[name].partition(':')[0]}")
        assert re.findall("^## (.*)$", text, re.M) == ["Context", "Decision", "Consequences"]


def test_no_dependency_comes_without_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for more in project["optional-dependencies"].values() for one in more)]
    names = {re.split(r"[\[<>=; ]", requirement)[0] for requirement in wanted} - STUBS
    table = (DECISIONS / "0019-dependencies.md").read_text("utf-8")
    told = set()
    for cell in re.findall(r"^\| ([^|]+) \|", table, re.M):
        first, *others = (re.sub(r"\[.*\]", "", name) for name in cell.split(", "))
        told |= {first, *(first.partition("-")[0] + name if name.startswith("-") else name for name in others)}
    assert told - {"Library", "---"} == names
