"""Sizes with names: numbers, letters such as B and T, and what comes of adding, multiplying and dividing them.

A size is `number * names / divisor + more`: `128`, `T`, `4*D`, `D//4`, `T+1`. It is a plain tuple, so that shapes can
be compared and remembered quickly. A size that nobody knows yet keeps a name for the eye and fits everything.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from engine.errors import StepwiseError


class Dim(NamedTuple):
    """One size.

    Args:
        number: Its factor, or all of it if it has no names.
        names: Letters it is a product of, sorted.
        divisor: What the product is divided by.
        known: Whether it is settled; one that is not fits any other.
        more: What is added in the end; 0 for a size without names.
    """

    number: int = 1
    names: tuple[str, ...] = ()
    divisor: int = 1
    known: bool = True
    more: int = 0

    def __str__(self) -> str:
        parts = [str(self.number)] if self.number != 1 or not self.names else []
        product = "*".join([*parts, *self.names])
        whole = product if self.divisor == 1 else f"{product}//{self.divisor}"
        return f"{whole}{self.more:+d}" if self.more else whole

    @property
    def value(self) -> int | None:
        """The number that it is, or `None` if it has names or is not known."""
        return self.number if self.known and not self.names and self.divisor == 1 else None


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
    if 1 in (a.value, b.value):
        return a if b.value == 1 else b
    if a.more or b.more:
        return letter("*".join(sorted((_closed(a), _closed(b)))))
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
    if b.value == 1:
        return a
    if a.more or b.more:
        return letter(f"{_closed(a)}//{_closed(b)}")
    if left := _without(a.names, b.names):
        return _reduced(a.number * b.divisor, left[0], a.divisor * b.number)
    return letter(f"{a}//{b}")


def plus(a: Dim, b: Dim, sign: int = 1) -> Dim:
    """The sum of two sizes, or their difference if `sign` is -1."""
    if not (a.known and b.known):
        return unknown(f"({a}{'+' if sign > 0 else '-'}{b})")
    if b.value is not None and a.names:
        return a._replace(more=a.more + sign * b.number)
    if a.value is not None and b.names and sign > 0:
        return b._replace(more=b.more + a.number)
    if a.names == b.names:
        top = a.number * b.divisor + sign * b.number * a.divisor
        return _summed(_reduced(top, a.names, a.divisor * b.divisor), a.more + sign * b.more)
    return letter(f"({a}{'+' if sign > 0 else '-'}{b})")


def _summed(size: Dim, more: int) -> Dim:
    """A size and a number, without names that are taken no times."""
    if not size.number or not size.names:
        return Dim(size.number + more, (), size.divisor)
    return size._replace(more=more)


def _closed(size: Dim) -> str:
    return f"({size})" if size.more else str(size)


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
