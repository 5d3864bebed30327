"""What a forward is made of: what it does with each node, variables, and lines that know their nodes."""

from __future__ import annotations

from dataclasses import dataclass

from builder.codegen import tree
from builder.document import PortRef


@dataclass(frozen=True)
class Line:
    """A line of source and the nodes that it is about."""

    text: str
    owners: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Variable:
    """A leaf of an expression: a variable that holds a port's value."""

    name: str
    ref: PortRef

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Step:
    """What a forward does with one node.

    Args:
        node: Its id.
        call: The expression, with a `tree.Port` in the place of each input.
        outputs: The ports that come out, in order.
        carry: For layers: the input that each gets from the one before, and the output that it is.
        draws: Whether it may draw random numbers in training.
    """

    node: str
    call: object
    outputs: tuple[str, ...]
    carry: tuple[str, str] | None = None
    draws: bool = False

    def ref(self, port: str) -> PortRef:
        """One of its ports."""
        return PortRef(self.node, port)


def variables(part: object) -> list[Variable]:
    """The variables in an expression, once for each place."""
    match part:
        case Variable():
            return [part]
        case tree.Call(args=args):
            return [v for arg in args for v in variables(arg[1] if isinstance(arg, tuple) else arg)]
        case tree.Joined(pieces=pieces):
            return [v for piece in pieces for v in variables(piece)]
    return []
