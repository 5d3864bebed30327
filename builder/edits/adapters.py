"""Low-rank adapters around projections: added and taken away under the same id.

A Linear block becomes a block of another kind. Heads and routers are linear layers with more around, so they stay what
they are and have the adapter in them: their setting `rank` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from builder.catalogue import signature
from builder.document import Definition, Document, Node
from builder.edits.base import home, node_in
from builder.edits.settings import check_setting
from builder.paths import keeping_ties
from engine.errors import EditError
from engine.settings import Value

PLAIN, ADAPTED = "linear", "lora_linear"
RANK, ALPHA = "rank", "alpha"
WITHIN = (
    "lm_head", "mlm_head", "classifier_head", "token_classifier_head", "span_head", "regression_head", "router",
)  # fmt: skip
LEARNED = ("lora_a", "lora_b")  # what an adapter's parameters are called
_REASONS = {
    "experts": "has a matrix for each expert in one tensor, of which each token uses a few; an adapter is around one "
    "matrix that all use",
    "patch_embedding": "projects by a convolution, whose kernel is no matrix",
    **dict.fromkeys(
        ("token_embedding", "segment_embedding", "learned_positions"), "looks rows up and multiplies by no matrix"
    ),
}


def has_adapter(node: Node) -> bool:
    """Whether there is an adapter around a node."""
    return node.kind == ADAPTED or (node.kind in WITHIN and node.settings.get(RANK, 0) != 0)


def takes_adapter(node: Node) -> bool:
    """Whether an adapter can be put around a node."""
    return node.kind in (PLAIN, *WITHIN) and not has_adapter(node)


def is_adapted(document: Document) -> bool:
    """Whether there is an adapter anywhere in a model."""
    return any(has_adapter(node) for definition in document.definitions.values() for node in definition.nodes.values())


@dataclass(frozen=True, kw_only=True)
class AddAdapter:
    """Freeze projections and train a low-rank update of each instead.

    They keep their ids, and with them the keys of their weights, so that a checkpoint of the plain model fits.

    Args:
        nodes: Ids of linear layers, heads or routers.
        rank: Rank of the update.
        alpha: Its strength; the update is scaled by `alpha / rank`.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...]
    rank: int | str = 8
    alpha: float | str = 16.0
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Add adapter to {self.nodes[0]}" if len(self.nodes) == 1 else f"Add {len(self.nodes)} adapters"

    def apply(self, document: Document) -> Document:
        """Return `document` with the adapters.

        Raises:
            EditError: If a node has no matrix that an adapter can be around, or the rank or strength does not fit.
        """
        here, more = home(document, self.at), {RANK: self.rank, ALPHA: self.alpha}
        outside = signature(document, ADAPTED)
        assert outside is not None
        for name in self.nodes:
            if not takes_adapter(node := node_in(here, name)):
                raise EditError(_refusal(document, name, node))
            for key, value in more.items():
                check_setting(here, outside, name, key, value)
        return document.with_definition(here.with_nodes({name: _adapted(here, name, more) for name in self.nodes}))


@dataclass(frozen=True, kw_only=True)
class RemoveAdapter:
    """Make adapted projections plain ones again.

    What the adapters learned can be kept: `builder.adapters.merge` adds it to the weights of a checkpoint.

    Args:
        nodes: Ids of adapted linear layers, heads or routers.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...]
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Remove adapter of {self.nodes[0]}" if len(self.nodes) == 1 else f"Remove {len(self.nodes)} adapters"

    def apply(self, document: Document) -> Document:
        """Return `document` with plain projections, without the ties of what the adapters learned.

        Raises:
            EditError: If a node has no adapter.
        """
        here = home(document, self.at)
        for name in self.nodes:
            if not has_adapter(node_in(here, name)):
                raise EditError(f"{name} has no adapter. Select blocks that have one.")
        document = keeping_ties(document, here.name, self.nodes, lambda leaf: leaf[-1] not in LEARNED)
        return document.with_definition(here.with_nodes({name: _plain(here, name) for name in self.nodes}))


def _adapted(here: Definition, name: str, more: Mapping[str, Value]) -> Node:
    node = here.nodes[name]
    return replace(node, kind=ADAPTED if node.kind == PLAIN else node.kind, settings={**node.settings, **more})


def _plain(here: Definition, name: str) -> Node:
    node = here.nodes[name]
    left = {key: value for key, value in node.settings.items() if key not in (RANK, ALPHA)}
    return replace(node, kind=PLAIN if node.kind == ADAPTED else node.kind, settings=left)


def _refusal(document: Document, name: str, node: Node) -> str:
    """Why there can be no adapter around a node."""
    if has_adapter(node):
        return f"{name} has an adapter already. Set its rank instead."
    if node.kind in document.definitions:
        return f"{name} is made of blocks. Open it and put adapters around the Linear blocks inside."
    reason = _REASONS.get(node.kind, "has no matrix of its own")
    return f"There can be no adapter around {name}: it {reason}. Select Linear blocks, heads or routers."
