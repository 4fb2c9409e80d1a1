"""CONTRIBUTING lists every recipe of the justfile as the plain command that it is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUSTFILE = (ROOT / "justfile").read_text("utf-8")
TOO_LONG = {"lock"}
RECIPE = re.compile(r"^\[group\('\w+'\)\]\n(\w+)[^:\n]*:\n((?:    .+\n?)+)", re.M)


def test_every_recipe_is_listed_as_a_plain_command() -> None:
    listed = dict(re.findall(r"^\| `just (\w+).*?` \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M))
    recipes = {name: " && ".join(line.strip() for line in body.splitlines()) for name, body in RECIPE.findall(JUSTFILE)}
    assert set(listed) == set(recipes)
    for name, command in recipes.items():
        plain = re.sub(r" \{\{\w+\}\}$", "", command.replace("{{python}}", ".venv/bin/python"))
        assert name in TOO_LONG or re.sub(r" \[.*\]$", "", listed[name].strip("`")) == plain
