"""Names say what they hold: a few words that fit anything are kept to a few lines."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAGUE = {"told", "said", "found", "asked", "shown", "one"}
LINES = 5
PUBLISHED = {"ProblemItem.found", "Problem.found", "SourceValue.shown", "ShownValue.shown", "RecordRow.shown"} | {
    "DisputedValue.shown"
}
"""Members of answers of the API, which keep their names."""


def vague(tree: ast.AST) -> Iterator[str]:
    """Functions, classes and their attributes by a vague name, and vague variables of more than a few lines' scope."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.strip("_").lower() in VAGUE:
            yield node.name
        if not isinstance(node, ast.ClassDef):
            yield from (f"{name} in {node.name}" for name in wide(node))
            continue
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id in VAGUE:
                yield f"{node.name}.{item.target.id}"


def wide(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    lines: dict[str, list[int]] = {}
    bound: set[str] = set()
    for argument in (*function.args.args, *function.args.kwonlyargs):
        bound.add(argument.arg)
        lines.setdefault(argument.arg, []).append(function.lineno)
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            lines.setdefault(node.id, []).append(node.lineno)
            if isinstance(node.ctx, ast.Store):
                bound.add(node.id)
    yield from (name for name in VAGUE & bound if max(lines[name]) - min(lines[name]) > LINES)


def test_names_of_the_product_say_what_they_hold() -> None:
    names = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("app", "hub", "schemas", "services")
        for path in (ROOT / folder).rglob("*.py")
        for name in vague(ast.parse(path.read_text("utf-8")))
        if name not in PUBLISHED
    }
    assert names == set()


def test_a_vague_name_is_found() -> None:
    body = "\n".join("    pass" for _ in range(9))
    assert list(vague(ast.parse(f"def told(one):\n{body}\n    return one"))) == ["told", "one in told"]
    assert list(vague(ast.parse("class Found:\n    asked: int"))) == ["Found", "Found.asked"]
    assert list(vague(ast.parse("def names(one):\n    return one"))) == []
