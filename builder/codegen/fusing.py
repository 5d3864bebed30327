"""Attention drawn from primitives, written as the one kernel that computes it; the same is done when a graph is built.

See `builder.fusion` for what is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.codegen import tree
from builder.codegen.emit.steps import scaling
from builder.codegen.site import Site
from builder.codegen.steps import Step
from builder.document import PortRef

Feeds = Mapping[PortRef, PortRef]


@dataclass(frozen=True)
class Drawn:
    """A block in its class.

    Args:
        kind: What it is.
        site: Its settings and wires.
    """

    kind: str
    site: Site


@dataclass
class _Chain:
    """Blocks one after another, followed backwards. State: grows with each step.

    Args:
        nodes: Ids, from the product with the values on.
        scale: What scores are multiplied by.
        mask: The block that hides scores.
        bias: Where what is added to the scores comes from.
        dropout: The block that drops weights.
    """

    nodes: list[str]
    scale: list[str] = field(default_factory=list)
    mask: str = ""
    bias: PortRef | None = None
    dropout: str = ""


class Fusing:
    """Finds attention in a class.

    Args:
        blocks: The blocks, by id.
        feeds: Where each input's value comes from.
    """

    def __init__(self, blocks: Mapping[str, Drawn], feeds: Feeds) -> None:
        self._blocks, self._feeds = blocks, dict(feeds)
        self._users: dict[str, set[str]] = {}
        for target, source in feeds.items():
            self._users.setdefault(source.node, set()).add(target.node)

    def fused(self, steps: list[Step]) -> tuple[list[Step], Feeds, dict[str, str]]:
        """The steps with attention as one, the feeds of these, and in whose place the other blocks now are."""
        inside: dict[str, str] = {}
        changed: dict[str, Step] = {}
        for step in steps:
            chain = self._match(step.node)
            if chain is not None:
                changed[step.node] = self._step(step, chain)
                inside |= dict.fromkeys(chain.nodes[1:], step.node)
        kept = [changed.get(step.node, step) for step in steps if step.node not in inside]
        return kept, self._feeds, inside

    def _is(self, node: str, kind: str, **settings: object) -> bool:
        block = self._blocks.get(node)
        if block is None or block.kind != kind:
            return False
        return all(block.site.value(name) == value for name, value in settings.items())

    def _before(self, chain: _Chain, node: str, port: str) -> str:
        chain.nodes.append(node)
        source = self._feeds.get(PortRef(node, port))
        return source.node if source else ""

    def _match(self, end: str) -> _Chain | None:
        if not self._is(end, "matmul", transpose_b=False):
            return None
        chain = _Chain([end])
        node = self._feeds[PortRef(end, "a")].node
        if self._is(node, "dropout"):
            chain.dropout, node = node, self._before(chain, node, "x")
        if not self._is(node, "softmax", axis="keys"):
            return None
        node = self._before(chain, node, "x")
        while not self._is(node, "matmul", transpose_b=True):
            node = self._scores(chain, node)
            if not node:
                return None
        chain.nodes.append(node)
        inside = set(chain.nodes)
        alone = all(self._users[name] <= inside for name in chain.nodes[1:])
        return chain if alone and not any(source.node in inside for source in self._sources(chain).values()) else None

    def _scores(self, chain: _Chain, node: str) -> str:
        """Take one more block in, and give the one before it; empty if it is none that attention has."""
        if self._is(node, "mask") and not chain.mask:
            chain.mask = node
            return self._before(chain, node, "scores")
        if self._is(node, "add") and chain.bias is None and not chain.scale:
            chain.bias = self._feeds[PortRef(node, "b")]
            return self._before(chain, node, "a")
        if self._is(node, "either"):
            return self._before(chain, node, "branch" if PortRef(node, "branch") in self._feeds else "x")
        if self._is(node, "scale") and (factor := scaling(self._blocks[node].site)):
            chain.scale.append(factor)
            return self._before(chain, node, "x")
        return ""

    def _step(self, step: Step, chain: _Chain) -> Step:
        """The kernel in place of the product with the values."""
        site, node, sources = self._blocks[step.node].site, step.node, self._sources(chain)
        more: list[object] = [(port, tree.Port(port)) for port in ("bias", "padding", "allowed") if port in sources]
        self._feeds |= {PortRef(node, port): source for port, source in sources.items()}
        more += [*self._pattern(chain), ("scale", " * ".join(chain.scale) or "1.0"), *self._dropout(chain)]
        inputs = (tree.Port("q"), tree.Port("k"), tree.Port("v"))
        call = tree.Call(site.part("attend_to_scores"), (*inputs, *more))
        return Step(node, call, step.outputs, draws=bool(self._dropout(chain)))

    def _sources(self, chain: _Chain) -> dict[str, PortRef]:
        """Where what the kernel takes comes from."""
        end, compare = chain.nodes[0], chain.nodes[-1]
        wanted = {"q": PortRef(compare, "a"), "k": PortRef(compare, "b"), "v": PortRef(end, "b")}
        sources = {port: self._feeds[ref] for port, ref in wanted.items()}
        if chain.bias is not None:
            sources["bias"] = chain.bias
        masks = {port: self._feeds.get(PortRef(chain.mask, port)) for port in ("padding", "allowed")}
        return {**sources, **{port: source for port, source in masks.items() if source is not None}}

    def _pattern(self, chain: _Chain) -> list[tuple[str, str]]:
        if not chain.mask:
            return []
        site = self._blocks[chain.mask].site
        pattern = site.value("pattern")
        found = [] if pattern in ("none", "padding") else [("pattern", site.run("pattern"))]
        if pattern in (None, "sliding_window"):
            found.append(("window", site.run("window")))
        if pattern in (None, "prefix"):
            found.append(("prefix", site.run("prefix")))
        return found

    def _dropout(self, chain: _Chain) -> list[tuple[str, str]]:
        if not chain.dropout or self._blocks[chain.dropout].site.value("p") == 0:
            return []
        return [("dropout_p", f"self.{chain.dropout}.p if self.training else 0.0")]
