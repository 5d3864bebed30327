"""How many layers a repeated composite has, and what is different in some of them."""

from __future__ import annotations

from collections.abc import Mapping

from builder import values
from builder.document import Node
from engine.errors import CompileError, ExpressionError
from engine.settings import Value


def layers(node: Node, scope: Mapping[str, Value], path: str, *, composite: bool) -> int:
    """How many layers a node has; 1 without a repeat.

    Raises:
        CompileError: If that is no number of layers, or the node is a block.
    """
    if node.repeat is not None and not composite:
        raise CompileError(f"{path}: only a composite can be repeated. Group it first.")
    try:
        return values.layers_of(node, scope)
    except ExpressionError as error:
        raise CompileError(f"{path}: {error}") from None


def overrides(node: Node, count: int) -> dict[int, Mapping[str, Value]]:
    """What is different in some layers, by index; shared layers are all as the first one is."""
    if node.repeat is None:
        return {}
    last = 1 if node.shared else count
    return {index: own for index, own in sorted(node.overrides.items()) if own and index < last}


def variants(node: Node, count: int) -> list[dict[str, Value]]:
    """The different settings among the layers of a node."""
    own = overrides(node, count)
    found = [{**node.settings, **changes} for changes in own.values()]
    return found if (node.shared and own) or len(own) == count > 1 else [dict(node.settings), *found]
