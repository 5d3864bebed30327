"""Low-rank adapters around linear layers: added and taken away under the same id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from builder.catalogue import signature
from builder.document import Document, Node
from builder.edits.base import home, node_in
from builder.edits.settings import check_setting
from engine.errors import EditError
from engine.settings import Value

PLAIN, ADAPTED = "linear", "lora_linear"


@dataclass(frozen=True, kw_only=True)
class AddAdapter:
    """Freeze linear layers and train a low-rank update of each instead.

    They keep their ids, and with them the keys of their weights, so that a checkpoint of the plain model fits.

    Args:
        nodes: Ids of linear layers.
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
            EditError: If a node is no linear layer, or the rank or strength does not fit.
        """
        more: dict[str, Value] = {"rank": self.rank, "alpha": self.alpha}
        document = _turned(document, self.at, self.nodes, (PLAIN, ADAPTED), more)
        here, found = home(document, self.at), signature(document, ADAPTED)
        assert found is not None
        for name in self.nodes:
            for key, value in more.items():
                check_setting(here, found, name, key, value)
        return document


@dataclass(frozen=True, kw_only=True)
class RemoveAdapter:
    """Make adapted linear layers plain ones again.

    What the adapters learned can be kept: `builder.adapters.merge` adds it to the weights of a checkpoint.

    Args:
        nodes: Ids of adapted linear layers.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...]
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Remove adapter of {self.nodes[0]}" if len(self.nodes) == 1 else f"Remove {len(self.nodes)} adapters"

    def apply(self, document: Document) -> Document:
        """Return `document` with plain linear layers.

        Raises:
            EditError: If a node is no adapted linear layer.
        """
        return _turned(document, self.at, self.nodes, (ADAPTED, PLAIN), {})


def _turned(
    document: Document, at: str, nodes: tuple[str, ...], kinds: tuple[str, str], more: Mapping[str, Value]
) -> Document:
    """`document` with nodes of one kind made nodes of the other; settings that this has are kept."""
    here = home(document, at)
    found = signature(document, kinds[1])
    assert found is not None
    known = [field.name for field in found.fields]
    turned: dict[str, Node] = {}
    for name in nodes:
        node = node_in(here, name)
        if node.kind != kinds[0]:
            raise EditError(
                f"{name} is of kind {node.kind}; this is for blocks of kind {kinds[0]}. Select those alone."
            )
        kept = {key: value for key, value in node.settings.items() if key in known}
        turned[name] = replace(node, kind=kinds[1], settings={**kept, **more})
    return document.with_definition(here.with_nodes(turned))
