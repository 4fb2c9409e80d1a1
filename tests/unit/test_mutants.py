"""The mutation run makes the mutants that it says it makes, and no others."""

import ast

import pytest

from tests.mutation.mutants import mutants_of

pytestmark = pytest.mark.unit
SOURCE = """
@cache(size=1)
class Box:
    def first(self, items: list | None) -> int | None:
        if items and self.open:
            self.count()
        return sorted(x for x in items if x > self.least)
"""


def changes(source: str) -> set[tuple[str, str, str]]:
    return {(mutant.where, mutant.before, mutant.after) for mutant in mutants_of(source)}


def test_the_mutants_of_a_small_class() -> None:
    known = changes(SOURCE)
    kept = "return sorted((x for x in items if x > self.least))"
    assert {after for where, before, after in known if (where, before) == ("Box.first", kept)} >= {
        "return sorted((x for x in items if x >= self.least))",
        "return sorted((x for x in items))",
        "return list((x for x in items if x > self.least))",
    }
    assert {after for _, before, after in known if before == "if items and self.open:"} == {
        "if items or self.open:", "if not items and self.open:", "if items:", "if self.open:",
    }  # fmt: skip
    assert ("Box.first", "self.count()", "pass") in known
    assert ("Box", "@cache(size=1)", "") in known
    assert not [after for _, _, after in known if "size=" in after or "list |" in after]
    assert all(ast.parse(mutant.source) for mutant in mutants_of(SOURCE))
