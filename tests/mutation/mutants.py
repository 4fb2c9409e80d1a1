"""Mutants of a module: cosmic-ray's operators, and a few that it lacks.

A mutant is told by the lines in which it differs, as `ast.unparse` writes them, so that formatting and line numbers
play no part. What annotations and the arguments of decorators say is left alone: types are mypy's to check, and slots
and sizes of caches are no behaviour.
"""

import ast
import pickle
from collections.abc import Iterator
from contextlib import suppress
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor


class Mutant(NamedTuple):
    """One change to a module: `source` as a whole; `where`, `before` and `after` tell it to a reader."""

    operator: str
    where: str
    before: str
    after: str
    source: str


def mutants_of(source: str) -> list[Mutant]:
    """The different mutants of a module."""
    original = _plain(source)
    unchanged = ast.unparse(original)
    original = ast.parse(unchanged)
    found: dict[str, Mutant] = {}
    for operator, text in (*_cosmic_ray(source), *_own(original)):
        if text != unchanged and text not in found:
            before, after = _difference(unchanged, text)
            found[text] = Mutant(operator, _where(original, ast.parse(text)), before, after, text)
    return list(found.values())


def _cosmic_ray(source: str) -> Iterator[tuple[str, str]]:
    tree = get_ast(source)
    fresh = pickle.dumps(tree)  # to parse it for every mutant takes ten times as long
    nodes = list(ast_nodes(tree))
    passed_over = _decorators(source)
    for name in cosmic_ray.plugins.operator_names():
        kind = cosmic_ray.plugins.get_operator(name)
        operator = None if kind.arguments() else kind()
        positions = [at for node in nodes for at in operator.mutation_positions(node)] if operator else []
        for occurrence, ((line, _), _) in enumerate(positions):
            if line in passed_over and not name.endswith("RemoveDecorator"):
                continue
            mutated = MutationVisitor(occurrence, operator).walk(pickle.loads(fresh)).get_code()
            with suppress(SyntaxError):  # of an operator that cannot stand there, such as / for the * of an argument
                yield name.removeprefix("core/"), ast.unparse(_plain(mutated))


def _decorators(source: str) -> set[int]:
    """The lines of decorators."""
    marked = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {decorator.lineno for node in marked for decorator in node.decorator_list}


def _own(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        for field, old, new in _changes(node):
            setattr(node, field, new)
            yield f"Own_{type(node).__name__}", ast.unparse(tree)
            setattr(node, field, old)


def _changes(node: ast.AST) -> Iterator[tuple[str, Any, Any]]:
    """(field, its value, another value) for each change of one node."""
    match node:
        case ast.BoolOp(values=values):  # one operand less
            yield from (("values", values, _without(values, at)) for at in range(len(values)))
        case ast.comprehension(ifs=[_, *_]):  # no condition
            yield "ifs", node.ifs, []
        case ast.Call(func=ast.Name("sorted"), keywords=[]):  # as it comes
            yield "func", node.func, ast.Name("list")
        case ast.keyword(arg="key", value=value):
            yield "value", value, ast.parse("lambda _: 0", mode="eval").body
    for name in ("body", "orelse"):
        statements = getattr(node, name, None)
        for at, statement in enumerate(statements if isinstance(statements, list) else ()):
            called = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if called or isinstance(statement, ast.Raise):  # left out
                yield name, statements, [*statements[:at], ast.Pass(), *statements[at + 1 :]]


def _without(items: list[Any], at: int) -> list[Any]:
    return items[:at] + items[at + 1 :]


class _Plain(ast.NodeTransformer):
    """Makes all annotations the same."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant("any")
        return self.generic_visit(node)


def _plain(source: str) -> ast.Module:
    plain = _Plain().visit(ast.parse(source))
    assert isinstance(plain, ast.Module)
    return plain


def _difference(before: str, after: str) -> tuple[str, str]:
    """The lines that only one of them has, joined."""
    one, other = before.splitlines(), after.splitlines()
    changed = [code for code in SequenceMatcher(None, one, other, autojunk=False).get_opcodes() if code[0] != "equal"]
    return (
        " ⏎ ".join(line.strip() for _, first, last, _, _ in changed for line in one[first:last]),
        " ⏎ ".join(line.strip() for _, _, _, first, last in changed for line in other[first:last]),
    )


def _where(original: ast.AST, mutated: ast.AST) -> str:
    """The function that differs, with the class that it belongs to; empty for what stands in the module itself."""
    for one, other in zip(original.body, mutated.body, strict=False):  # type: ignore[attr-defined]
        if ast.dump(one) != ast.dump(other):
            if not isinstance(one, ast.FunctionDef | ast.ClassDef):
                break
            return ".".join(filter(None, (one.name, _where(one, other))))
    return ""
