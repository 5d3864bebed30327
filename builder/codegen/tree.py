"""Expressions of the generated source, and how they break into lines.

Ruff joins what fits on a line and leaves alone what has a comma at its end. So a call either fits, or stands with one
argument on each line and a comma after the last: this is stable under any line length from `WIDTH` up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from builder.codegen.text import WIDTH, width

Part = "Call | Joined | Port | str"


@dataclass(frozen=True)
class Port:
    """The place of an input port's value."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call.

    Args:
        function: What is called.
        args: Texts, values, or `(keyword, value)`.
    """

    function: str
    args: tuple[object, ...] = ()


@dataclass(frozen=True)
class Joined:
    """Pieces one after another, such as `x`, ` + ` and a call.

    Args:
        pieces: Texts and values.
        tight: Whether it holds together in any surroundings, as `x[0]` does and `a + b` does not.
    """

    pieces: tuple[object, ...]
    tight: bool = False


def sum_of(*terms: object) -> Joined:
    """`a + b`."""
    return joined(" + ", *terms)


def joined(operator: str, *terms: object) -> Joined:
    """Terms with an operator between them."""
    pieces: list[object] = []
    for term in terms:
        pieces += [operator, term] if pieces else [term]
    return Joined(tuple(pieces))


def fill(part: object, values: Mapping[str, object]) -> object:
    """`part` with values in the places of ports."""
    match part:
        case Port(name=name):
            return values[name]
        case Call(function=function, args=args):
            return Call(function, tuple(_fill_argument(arg, values) for arg in args))
        case Joined(pieces=pieces, tight=tight):
            return Joined(tuple(_bracketed(fill(piece, values)) for piece in pieces), tight)
    return part


def _fill_argument(arg: object, values: Mapping[str, object]) -> object:
    return (arg[0], fill(arg[1], values)) if isinstance(arg, tuple) else fill(arg, values)


def _bracketed(piece: object) -> object:
    return Joined(("(", piece, ")"), tight=True) if isinstance(piece, Joined) and not piece.tight else piece


def ports(part: object) -> list[str]:
    """The ports that an expression reads, once for each place."""
    match part:
        case Port(name=name):
            return [name]
        case Call(args=args):
            return [name for arg in args for name in ports(arg[1] if isinstance(arg, tuple) else arg)]
        case Joined(pieces=pieces):
            return [name for piece in pieces for name in ports(piece)]
    return []


def depth(part: object) -> int:
    """How many calls lie within each other."""
    match part:
        case Call(args=args):
            return 1 + max((depth(arg[1] if isinstance(arg, tuple) else arg) for arg in args), default=0)
        case Joined(pieces=pieces):
            return max(map(depth, pieces), default=0)
    return 0


def flat(part: object) -> str:
    """An expression on one line."""
    match part:
        case Call(function=function, args=args):
            return f"{function}({', '.join(map(_argument, args))})"
        case Joined(pieces=pieces):
            return "".join(map(flat, pieces))
        case (keyword, value):
            return f"{keyword}={flat(value)}"
    return str(part)


def _argument(arg: object) -> str:
    return flat(arg)


def lines(before: str, part: object, after: str = "", indent: str = "") -> list[str]:
    """A statement, on one line if it fits.

    Args:
        before: What stands before the expression: `x = `.
        part: The expression.
        after: What stands behind it: a comment, a comma.
        indent: What each line begins with.
    """
    line = f"{indent}{before}{flat(part)}{after}"
    if width(line) <= WIDTH:
        return [line]
    if not (isinstance(part, Call) and part.args):
        return [line.removesuffix(after) if after.startswith("  #") else line]
    found = [f"{indent}{before}{part.function}("]
    for arg in part.args:
        keyword, value = arg if isinstance(arg, tuple) else ("", arg)
        found += lines(f"{keyword}=" if keyword else "", value, ",", indent + "    ")
    return [*found, f"{indent}){after}"]
