"""Attention drawn from primitives, recognised, so that it can be run by the fused kernel.

What is recognised: a product of queries and transposed keys; then, each at most once or as often as drawn, scale, add
(of a bias, which an `either` may go around) and mask; a softmax over the keys; perhaps dropout; a product with the
values. Nothing else may use a value in between. The drawn blocks stay where they are, for whoever wants to look at
them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import fx

from builder.recipes import Leaf, Part
from engine.fused import FusedAttention

Parts = Mapping[str, Part]


@dataclass(frozen=True, kw_only=True)
class Match:
    """Attention in a graph.

    Args:
        nodes: From the product with the values back to the scores.
        run: What computes the same.
        q: Queries.
        k: Keys.
        v: Values.
        bias: What is added to the scores.
        padding: Padding of the mask.
        allowed: What the mask allows.
        dropout: Name of the block that drops weights; empty if there is none.
    """

    nodes: tuple[fx.Node, ...]
    run: FusedAttention
    q: Any
    k: Any
    v: Any
    bias: Any = None
    padding: Any = None
    allowed: Any = None
    dropout: str = ""


def fused(graph: fx.Graph, parts: Parts) -> tuple[fx.Graph | None, tuple[str, ...]]:
    """The same computation with the fused kernel where there is attention.

    Args:
        graph: Of a definition; it stays as it is.
        parts: What its nodes are.

    Returns:
        The other graph, and the names of blocks that it skips; `None` and nothing if no attention is drawn.
    """
    if not any(_is(part, "softmax") for part in parts.values()):
        return None, ()
    other = copy.deepcopy(graph)
    matches = [match for node in list(other.nodes) if (match := _match(node, parts)) is not None]
    for match in matches:
        _put(other, match)
    if not matches:
        return None, ()
    return other, tuple(str(node.target) for match in matches for node in match.nodes)


def _put(graph: fx.Graph, match: Match) -> None:
    end = match.nodes[0]
    with graph.inserting_before(end):
        dropout = graph.get_attr(match.dropout) if match.dropout else None
        args = [match.q, match.k, match.v, match.bias, match.padding, match.allowed, dropout]
        while args[-1] is None:
            args.pop()
        node = graph.call_function(match.run, tuple(args))
    node.meta.update(end.meta)
    end.replace_all_uses_with(node)
    for gone in match.nodes:
        graph.erase_node(gone)


def _is(part: Part | None, kind: str, **settings: object) -> bool:
    if not isinstance(part, Leaf) or part.spec.kind != kind:
        return False
    return all(getattr(part.config, name) == value for name, value in settings.items())


def _match(end: fx.Node, parts: Parts) -> Match | None:
    """The attention that ends at a node, if there is one."""
    if not (_part_is(end, parts, "matmul", transpose_b=False) and len(end.args) == 2):
        return None
    chain = _Chain(parts, [end])
    node: Any = end.args[0]
    dropout = ""
    if _part_is(node, parts, "dropout"):
        dropout, node = node.target, chain.step(node)
    if not _part_is(node, parts, "softmax", axis="keys"):
        return None
    scores = _scores(chain, chain.step(node))
    if scores is None:
        return None
    found, first = scores
    taken = {**dict(zip("qk", first.args, strict=True)), "v": end.args[1], **found}
    if not chain.only or any(value in chain.nodes for value in taken.values()):
        return None
    return Match(nodes=tuple(chain.nodes), dropout=dropout, **taken)


def _scores(chain: _Chain, node: Any) -> tuple[dict[str, Any], fx.Node] | None:
    """What is done to the scores, and the product that they come from."""
    found: dict[str, Any] = {}
    how: dict[str, Any] = {}
    while not _part_is(node, chain.parts, "matmul", transpose_b=True):
        port = 0
        if _part_is(node, chain.parts, "either"):
            port = -1  # the branch, where there is one
        elif _part_is(node, chain.parts, "mask") and "direction" not in how:
            how |= _pattern(chain.parts[node.target])
            found |= dict(zip(("padding", "allowed"), node.args[1:], strict=False))
        elif _part_is(node, chain.parts, "add") and len(node.args) == 2 and "bias" not in found and "scale" not in how:
            found["bias"] = node.args[1]
        elif _part_is(node, chain.parts, "scale") and _factor(chain.parts[node.target]) > 0:
            how["scale"] = how.get("scale", 1.0) * _factor(chain.parts[node.target])
        else:
            return None
        node = chain.step(node, port)
    chain.nodes.append(node)
    return {**found, "run": FusedAttention(**how)}, node


class _Chain:
    """Blocks one after another, followed backwards. State: `nodes` grows."""

    def __init__(self, parts: Parts, nodes: list[fx.Node]) -> None:
        self.parts = parts
        self.nodes = nodes

    def step(self, node: fx.Node, port: int = 0) -> Any:
        """Take a node in, and give what one of its inputs is."""
        self.nodes.append(node)
        return node.args[port]

    @property
    def only(self) -> bool:
        """Whether nothing else uses what the blocks before the last one give."""
        return all(node.users.keys() <= set(self.nodes) for node in self.nodes[1:])


def _part_is(node: Any, parts: Parts, kind: str, **settings: object) -> bool:
    return isinstance(node, fx.Node) and node.op == "call_module" and _is(parts.get(str(node.target)), kind, **settings)


def _factor(part: Part) -> float:
    config: Any = part.config if isinstance(part, Leaf) else None
    return float(config.factor * config.d**config.power)


def _pattern(part: Part) -> dict[str, Any]:
    """What the mask block makes of its settings."""
    config: Any = part.config if isinstance(part, Leaf) else None
    return dict(zip(("direction", "window", "prefix"), config.place, strict=True))
