"""Declared shapes: reading them, what sizes they come to, and whether a shape that comes is what was declared.

How a shape is written is told in `engine.ports`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from builder.arithmetic import Dim, IndivisibleError, letter, number, over, plus, times, unknown
from builder.expressions import parse
from engine.errors import ExpressionError
from engine.settings import Value

__all__ = [
    "LOOSE", "REST", "Dim", "IndivisibleError", "Letters", "Pattern", "Shape", "Sizes", "agree", "chosen", "disputed",
    "in_brackets", "is_letter", "letter", "letters_of", "match", "number", "over", "pattern", "plus", "shape_of",
    "size_of", "text", "times", "unknown",
]  # fmt: skip

Shape = tuple[Dim, ...]
Letters = dict[str, "Dim | Shape"]
Sizes = Mapping[str, "Value | Dim | None"]
REST = "..."
LOOSE = "*..."
_CONDITION = re.compile(r"(\w+)([=<])(-?\w+)")

Condition = tuple[str, str, str]


class Pattern(NamedTuple):
    """A shape as it is declared.

    Args:
        rest: Whether any dimensions may come first.
        dims: The other ones.
        text: As written.
        loose: Whether the first ones may be fewer or of size 1, to be repeated.
        cases: Several shapes, each with what settings it holds for; the first that does counts.
    """

    rest: bool
    dims: tuple[ast.expr, ...]
    text: str
    loose: bool = False
    cases: tuple[tuple[tuple[Condition, ...], Pattern], ...] = ()


UNSETTLED = Pattern(True, (), REST)


@lru_cache(maxsize=4096)
def pattern(text: str) -> Pattern:
    """Read a declared shape such as `... d_in` or `B n_heads T D//n_heads`.

    Raises:
        ExpressionError: If a dimension cannot be read.
    """
    if ";" in text or ":" in text:
        return Pattern(False, (), text, cases=tuple(_case(part) for part in text.split(";")))
    words = text.split()
    loose = bool(words) and words[0] == LOOSE
    rest = loose or (bool(words) and words[0] == REST)
    return Pattern(rest, tuple(_dimension(word) for word in words[rest:]), text.strip(), loose)


def _dimension(word: str) -> ast.expr:
    """One dimension; `S|T` is S, or T where S has no size."""
    options = [parse(option) for option in word.split("|")]
    return options[0] if len(options) == 1 else ast.BoolOp(ast.Or(), options)


def _case(text: str) -> tuple[tuple[Condition, ...], Pattern]:
    before, _, shape = text.rpartition(":")
    found = [_CONDITION.fullmatch(word.strip()) for word in before.split(",") if word.strip()]
    if any(condition is None for condition in found):
        raise ExpressionError(
            f"{before.strip()!r} cannot be read. Write conditions such as axis=keys, parted by commas."
        )
    return tuple((c[1], c[2], c[3]) for c in found if c), pattern(shape.strip())


def chosen(declared: Pattern, settings: Sizes) -> Pattern:
    """The shape that holds for these settings."""
    for conditions, case in declared.cases:
        held = [_holds(condition, settings) for condition in conditions]
        if None in held:
            return UNSETTLED
        if all(held):
            return case
    return declared if not declared.cases else UNSETTLED


def _holds(condition: Condition, settings: Sizes) -> bool | None:
    """Whether a condition is met; `None` if its setting has no value."""
    name, sign, wanted = condition
    value = settings.get(name)
    if value is None or isinstance(value, Dim):
        return None
    return str(value) == wanted if sign == "=" else isinstance(value, int | float) and value < float(wanted)


def letters_of(text: str) -> set[str]:
    """The letters in a declared shape.

    Raises:
        ExpressionError: If a dimension cannot be read.
    """
    declared = pattern(text)
    inside = [dim for shape in (declared, *(case for _, case in declared.cases)) for dim in shape.dims]
    names = (node for dim in inside for node in ast.walk(dim) if isinstance(node, ast.Name))
    return {node.id for node in names if is_letter(node.id)}


def is_letter(name: str) -> bool:
    """Whether a name in a declared shape is a variable, and no setting."""
    return name[0].isupper()


def size_of(dim: ast.expr, letters: Letters, settings: Sizes) -> Dim:
    """The size that a declared dimension comes to.

    Raises:
        IndivisibleError: If a division leaves a rest.
    """
    match dim:
        case ast.Name(id=name):
            return _named(name, letters, settings)
        case ast.Constant(value=int(value)):
            return Dim(value)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = size_of(left, letters, settings), size_of(right, letters, settings)
            if isinstance(op, ast.Mult):
                return times(a, b)
            return over(a, b) if isinstance(op, ast.FloorDiv) else plus(a, b, -1 if isinstance(op, ast.Sub) else 1)
        case ast.BoolOp(values=options):
            sizes = [size_of(option, letters, settings) for option in options]
            return next((size for size in sizes if size.known), sizes[-1])
    return unknown(ast.unparse(dim))


def _named(name: str, letters: Letters, settings: Sizes) -> Dim:
    if is_letter(name):
        found = letters.get(name)
        return found if isinstance(found, Dim) else unknown(name)
    value = settings.get(name)
    if isinstance(value, Dim):
        return value
    return Dim(value) if type(value) is int else unknown(name)


def shape_of(declared: Pattern, letters: Letters, settings: Sizes) -> Shape | None:
    """The shape that a declared one comes to; `None` if its rank is not known.

    Raises:
        IndivisibleError: If a division leaves a rest.
    """
    declared = chosen(declared, settings)
    first = letters.get(REST) if declared.rest else ()
    dims = tuple([size_of(dim, letters, settings) for dim in declared.dims])
    return None if not isinstance(first, tuple) else (*first, *dims)


def match(declared: Pattern, shape: Shape, letters: Letters, settings: Sizes) -> bool:
    """Whether `shape` is what was declared; letters that had no size yet get theirs.

    Args:
        declared: What is wanted.
        shape: What comes.
        letters: Sizes of letters so far; added to.
        settings: Values of lower-case names.
    """
    declared = chosen(declared, settings)
    extra = len(shape) - len(declared.dims)
    if extra < 0 or (extra and not declared.rest):
        return False
    fits = not declared.rest or (_repeats if declared.loose else _bind_rest)(shape[:extra], letters)
    for dim, size in zip(declared.dims, shape[extra:], strict=True):
        fits &= _bind(dim, size, letters, settings)
    return fits


def _bind_rest(first: Shape, letters: Letters) -> bool:
    before = letters.setdefault(REST, first)
    assert not isinstance(before, Dim)
    return len(before) == len(first) and all(agree(a, b) for a, b in zip(before, first, strict=True))


def _repeats(first: Shape, letters: Letters) -> bool:
    """Whether dimensions are those of `...`, or the last of them, or 1."""
    whole = letters.get(REST)
    if whole is None or isinstance(whole, Dim):
        return True
    pairs = zip(reversed(whole), reversed(first), strict=False)
    return len(first) <= len(whole) and all(agree(a, b) or b.value == 1 for a, b in pairs)


def _bind(dim: ast.expr, size: Dim, letters: Letters, settings: Sizes) -> bool:
    if isinstance(dim, ast.Name) and is_letter(dim.id):
        before = letters.get(dim.id)
        if not isinstance(before, Dim) or not before.known:
            letters[dim.id] = size
            return True
        return agree(before, size)
    try:
        return agree(size_of(dim, letters, settings), size)
    except IndivisibleError:
        return True  # reported where the division stands


def agree(a: Dim, b: Dim) -> bool:
    """Whether two sizes are, or may turn out to be, the same."""
    return a == b or not (a.known and b.known)


def disputed(declared: Pattern, shape: Shape, letters: Letters, settings: Sizes) -> Letters:
    """The letters and settings that `shape` disagrees with, each with its size in doubt: it fits any other.

    Args:
        declared: What is wanted.
        shape: What comes; it does not match.
        letters: Sizes of letters.
        settings: Values of lower-case names.
    """
    found: Letters = {}
    declared = chosen(declared, settings)
    for dim, size in zip(reversed(declared.dims), reversed(shape), strict=False):
        if not _bind(dim, size, {**letters}, settings):
            names = {node.id for node in ast.walk(dim) if isinstance(node, ast.Name)}
            found |= {name: _named(name, letters, settings)._replace(known=False) for name in names}
    return found


@lru_cache(maxsize=4096)
def text(shape: Shape | None) -> str:
    """`B T 128`, as it stands on a wire; nothing if the shape is not known."""
    return "" if shape is None else " ".join([str(dim) for dim in shape])


def in_brackets(shape: Shape | None) -> str:
    """`(B, T, 128)`, as it stands in a message."""
    return "any shape" if shape is None else f"({', '.join([str(dim) for dim in shape])})"
