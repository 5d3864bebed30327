"""Sizes with names: numbers, letters such as B and T, and what comes of multiplying and dividing them.

A size is `number * names / divisor`: `128`, `T`, `4*D`, `D/4`. It is a plain tuple, so that shapes can be compared
and remembered quickly. A size that nobody knows yet keeps a name for the eye and fits everything.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from builder.expressions import parse
from engine.errors import StepwiseError
from engine.settings import Value


class Dim(NamedTuple):
    """One size.

    Args:
        number: Its factor, or all of it if it has no names.
        names: Letters it is a product of, sorted.
        divisor: What the product is divided by.
        known: Whether it is settled; one that is not fits any other.
    """

    number: int = 1
    names: tuple[str, ...] = ()
    divisor: int = 1
    known: bool = True

    def __str__(self) -> str:
        parts = [str(self.number)] if self.number != 1 or not self.names else []
        product = "*".join([*parts, *self.names])
        return product if self.divisor == 1 else f"{product}//{self.divisor}"

    @property
    def value(self) -> int | None:
        """The number that it is, or `None` if it has names or is not known."""
        return self.number if self.known and not self.names and self.divisor == 1 else None


Shape = tuple[Dim, ...]
Letters = dict[str, "Dim | Shape"]
Sizes = Mapping[str, "Value | Dim | None"]
REST = "..."


class IndivisibleError(StepwiseError):
    """A size cannot be parted evenly.

    Args:
        size: What was to be parted.
        parts: Into how many.
    """

    def __init__(self, size: int, parts: int) -> None:
        super().__init__(f"{size} cannot be divided evenly by {parts}.")
        self.size, self.parts = size, parts


def number(value: int) -> Dim:
    """The size `value`."""
    return Dim(value)


def letter(name: str) -> Dim:
    """A size that is only known by its name."""
    return Dim(1, (name,))


def unknown(name: str) -> Dim:
    """A size nobody knows yet; `name` is for the eye."""
    return Dim(1, (name,), 1, False)


def times(a: Dim, b: Dim) -> Dim:
    """The product of two sizes."""
    if not (a.known and b.known):
        return unknown(f"{a}*{b}")
    return _reduced(a.number * b.number, tuple(sorted(a.names + b.names)), a.divisor * b.divisor)


def over(a: Dim, b: Dim) -> Dim:
    """One size divided by another, which must come out even.

    Raises:
        IndivisibleError: If both are numbers and there is a rest, or the divisor is zero.
    """
    if not (a.known and b.known):
        return unknown(f"{a}//{b}")
    if b.number == 0 or (b.divisor == 1 and not a.names and not b.names and a.number % b.number):
        raise IndivisibleError(a.number, b.number)
    if left := _without(a.names, b.names):
        return _reduced(a.number * b.divisor, left[0], a.divisor * b.number)
    return letter(f"{a}//{b}")


def plus(a: Dim, b: Dim, sign: int = 1) -> Dim:
    """The sum of two sizes, or their difference if `sign` is -1."""
    if a.known and b.known and a.names == b.names:
        top = a.number * b.divisor + sign * b.number * a.divisor
        return _reduced(top, a.names, a.divisor * b.divisor)
    text = f"({a}{'+' if sign > 0 else '-'}{b})"
    return letter(text) if a.known and b.known else unknown(text)


def _reduced(top: int, names: tuple[str, ...], bottom: int) -> Dim:
    shared = gcd(top, bottom) or 1
    return Dim(top // shared, names, bottom // shared)


def _without(names: tuple[str, ...], gone: tuple[str, ...]) -> tuple[tuple[str, ...]] | None:
    """`names` less `gone` in a tuple of one, or `None` if some of `gone` are not among them."""
    left = list(names)
    for name in gone:
        if name not in left:
            return None
        left.remove(name)
    return (tuple(left),)


class Pattern(NamedTuple):
    """A shape as it is declared.

    Args:
        rest: Whether any dimensions may come first.
        dims: The other ones.
        text: As written.
    """

    rest: bool
    dims: tuple[ast.expr, ...]
    text: str


@lru_cache(maxsize=4096)
def pattern(text: str) -> Pattern:
    """Read a declared shape such as `... d_in` or `B n_heads T D//n_heads`.

    Raises:
        ExpressionError: If a dimension cannot be read.
    """
    words = text.split()
    rest = bool(words) and words[0] == REST
    return Pattern(rest, tuple(parse(word) for word in words[rest:]), text)


def letters_of(text: str) -> set[str]:
    """The letters in a declared shape.

    Raises:
        ExpressionError: If a dimension cannot be read.
    """
    names = (node for dim in pattern(text).dims for node in ast.walk(dim) if isinstance(node, ast.Name))
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
    extra = len(shape) - len(declared.dims)
    if extra < 0 or (extra and not declared.rest):
        return False
    fits = not declared.rest or _bind_rest(shape[:extra], letters)
    for dim, size in zip(declared.dims, shape[extra:], strict=True):
        fits &= _bind(dim, size, letters, settings)
    return fits


def _bind_rest(first: Shape, letters: Letters) -> bool:
    before = letters.setdefault(REST, first)
    assert not isinstance(before, Dim)
    return len(before) == len(first) and all(agree(a, b) for a, b in zip(before, first, strict=True))


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
