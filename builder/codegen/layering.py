"""How many layers a repeated composite has, and what is different in some of them."""

from __future__ import annotations

from collections.abc import Mapping

from builder import limits
from builder.document import Node
from builder.expressions import evaluate
from engine.errors import CompileError, ExpressionError
from engine.settings import Value


def layers(node: Node, scope: Mapping[str, Value], path: str, *, composite: bool) -> int:
    """How many layers a node has; 1 without a repeat.

    Raises:
        CompileError: If that is no number of layers, or the node is a block.
    """
    if node.repeat is None:
        return 1
    if not composite:
        raise CompileError(f"{path}: only a composite can be repeated. Group it first.")
    try:
        count = evaluate(str(node.repeat), scope)
    except ExpressionError as error:
        raise CompileError(f"{path}: repeat: {error}") from None
    if type(count) is not int or not 1 <= count <= limits.MAX_REPEAT:
        raise CompileError(f"{path} is repeated {count!r} times. Repeat it 1 to {limits.MAX_REPEAT} times.")
    return count


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
