"""Settings as Python: expressions over the symbols of a definition become expressions over a class's arguments."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from builder.codegen.text import literal
from builder.expressions import parse
from builder.values import is_literal
from engine.settings import Field, Value

Substitute = Callable[[str], ast.expr]


def read(field: Field, value: Value) -> ast.expr:
    """A setting's value as an expression: a constant, or one over symbols."""
    if is_literal(field, value):
        return ast.Constant(_typed(field, value))
    tree = parse(str(value))
    return ast.Constant(_typed(field, tree.value)) if isinstance(tree, ast.Constant) else tree  # type: ignore[arg-type]


def _typed(field: Field, value: Value) -> Value:
    return float(value) if field.type is float and type(value) is int else value


def names(tree: ast.expr) -> list[str]:
    """The symbols in an expression, each once, from the left."""
    found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


class _Substitution(ast.NodeTransformer):
    def __init__(self, of: Substitute) -> None:
        self._of = of

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The expression for a symbol."""
        return self._of(node.id)


def substituted(tree: ast.expr, of: Substitute) -> ast.expr:
    """`tree` with an expression in place of each symbol."""
    found = _Substitution(of).visit(copy.deepcopy(tree))
    assert isinstance(found, ast.expr)
    return found


class _Squares(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """The square of what is multiplied by itself, where that is more than a name."""
        self.generic_visit(node)
        twice = isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right)
        if twice and isinstance(node.left, ast.BinOp):
            return ast.BinOp(node.left, ast.Pow(), ast.Constant(2))
        return node


def source(tree: ast.expr) -> str:
    """An expression as ruff would write it."""
    if isinstance(tree, ast.Constant):
        return literal(tree.value)  # type: ignore[arg-type]
    return ast.unparse(_Squares().visit(copy.deepcopy(tree)))


def constant(tree: ast.expr) -> Value | None:
    """The value of an expression without symbols that is a single constant; `None` for all others."""
    return tree.value if isinstance(tree, ast.Constant) else None  # type: ignore[return-value]


def name(text: str) -> ast.expr:
    """A name, or a dotted one, as an expression."""
    return ast.parse(text, mode="eval").body
