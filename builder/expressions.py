"""Integer expressions over named sizes: `4*d_model`, `d_model//n_heads`. Parsed, never run as Python."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

from engine.errors import ExpressionError
from engine.registry import did_you_mean
from engine.settings import Value

MAX_LENGTH = 200
MAX_LITERAL = 1e15
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def evaluate(text: str, scope: Mapping[str, Value]) -> Value:
    """The value of `text` where names mean what `scope` says.

    A single name may stand for any value; only whole numbers can be added, multiplied or divided.

    Raises:
        ExpressionError: If it cannot be read, a name is unknown, or a division is by zero.
    """
    return _value(parse(text), scope, text)


def names_in(text: str) -> set[str]:
    """All names that `text` uses; empty if it cannot be read."""
    try:
        return {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)}
    except ExpressionError:
        return set()


def renamed(text: str, old: str, new: str) -> str:
    """`text` with the name `old` written as `new`; unchanged where `old` does not occur."""
    if old not in names_in(text):
        return text
    tree = ast.parse(text.strip(), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return ast.unparse(tree).replace(" ", "")


def substituted(text: str, meaning: Mapping[str, Value]) -> Value:
    """`text` with other values or expressions in the place of names.

    A name that is all of `text` becomes just what it means. Where that would not be an expression, `text` stays.

    Args:
        text: An expression; one that cannot be read stays as it is.
        meaning: What names become; names that are not in it stay.
    """
    used = names_in(text)
    if not any(meaning.get(name, name) != name for name in used):
        return text
    if text.strip() in meaning:
        return meaning[text.strip()]
    try:
        tree = _Substitution({name: parse(str(meaning[name])) for name in used if name in meaning}).visit(
            ast.parse(text.strip(), mode="eval")
        )
        parse(new := ast.unparse(tree).replace(" ", ""))
    except ExpressionError:
        return text
    return new


class _Substitution(ast.NodeTransformer):
    """Puts trees in the place of names."""

    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self._trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What stands in the place of a name."""
        return self._trees.get(node.id, node)


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """Read `text` as an expression of numbers, names, + − * // and parentheses.

    Raises:
        ExpressionError: If it holds anything else or is longer than `MAX_LENGTH`.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression has {len(text)} characters; keep it under {MAX_LENGTH}.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(text) from None
    _check(tree, text)
    return tree


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=int() | float() as value) if type(value) is not bool and abs(value) < MAX_LITERAL:
            return
        case ast.Name():
            return
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, text)
            _check(right, text)
        case _:
            raise _unreadable(text)


def _value(node: ast.expr, scope: Mapping[str, Value], text: str) -> Value:
    match node:
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return value
        case ast.Name(id=name):
            if name not in scope:
                raise ExpressionError(f"{text!r} uses {name!r}, which has no value here. {did_you_mean(name, scope)}")
            return scope[name]
        case ast.UnaryOp(operand=inner):
            return -_number(inner, scope, text)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _whole(left, scope, text), _whole(right, scope, text)
            if b == 0 and isinstance(op, ast.FloorDiv):
                raise ExpressionError(f"{text!r} divides by zero. Give the divisor a value of at least 1.")
            return _OPERATORS[type(op)](a, b)
    raise _unreadable(text)


def _number(node: ast.expr, scope: Mapping[str, Value], text: str) -> int | float:
    value = _value(node, scope, text)
    if isinstance(value, bool | str):
        raise ExpressionError(f"{text!r} calculates with {value!r}, which is no number.")
    return value


def _whole(node: ast.expr, scope: Mapping[str, Value], text: str) -> int:
    value = _number(node, scope, text)
    if not isinstance(value, int):
        raise ExpressionError(f"{text!r} calculates with {value!r}; only whole numbers can be combined.")
    return value


def _unreadable(text: str) -> ExpressionError:
    return ExpressionError(f"{text[:60]!r} cannot be read. Write numbers and names, joined by + - * // and ( ).")
