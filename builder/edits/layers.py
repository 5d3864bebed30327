"""Edits of the layers of a repeated composite: what runs between them, what they share, what differs."""

from __future__ import annotations

from dataclasses import dataclass

from builder.document import Document, Node
from builder.edits.base import home, node_in, with_node
from builder.edits.structure import SetRepeat
from engine.errors import EditError


@dataclass(frozen=True, kw_only=True)
class SetCarry:
    """Choose which ports run from layer to layer; all other inputs go to every layer alike.

    Args:
        node: A repeated composite.
        into: The input that gets what the layer before gives.
        out: The output that goes to the next layer.
        at: The definition; empty is the root.
    """

    node: str
    into: str
    out: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Carry {self.out} to {self.into}"

    def apply(self, document: Document) -> Document:
        """Return `document` with these ports carried.

        Raises:
            EditError: If the node has no layers, or no such ports.
        """
        node = repeated(document, self.at, self.node)
        edit = SetRepeat(node=self.node, repeat=node.repeat, carry=(self.into, self.out), at=self.at)
        return edit.apply(document)


@dataclass(frozen=True, kw_only=True)
class SetShared:
    """Say whether all layers have the same weights; what is set for single layers does not count then.

    Args:
        node: A repeated composite.
        shared: Whether they do.
        at: The definition; empty is the root.
    """

    node: str
    shared: bool
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"{'Share' if self.shared else 'Part'} the layers of {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with layers that share their weights, or do not.

        Raises:
            EditError: If the node has no layers.
        """
        repeated(document, self.at, self.node)
        here = home(document, self.at)
        return document.with_definition(with_node(here, self.node, shared=self.shared))


@dataclass(frozen=True, kw_only=True)
class ClearOverride:
    """Make a layer like the others again. A single setting of a layer is set by `SetSetting`.

    Args:
        node: A repeated composite.
        layer: Index of the layer.
        at: The definition; empty is the root.
    """

    node: str
    layer: int
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Clear layer {self.layer} of {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with nothing set for the layer alone.

        Raises:
            EditError: If the node has no layers, or nothing is set for this one.
        """
        node = repeated(document, self.at, self.node)
        if self.layer not in node.overrides:
            listed = ", ".join(map(str, node.overrides)) or "none"
            raise EditError(f"Layer {self.layer} of {self.node} has no settings of its own; these have: {listed}.")
        left = {index: settings for index, settings in node.overrides.items() if index != self.layer}
        here = home(document, self.at)
        return document.with_definition(with_node(here, self.node, overrides=left))


def repeated(document: Document, at: str, name: str) -> Node:
    """The repeated composite `name`.

    Raises:
        EditError: If the node has no layers.
    """
    node = node_in(home(document, at), name)
    if node.repeat is None:
        raise EditError(f"{name} is one layer. Repeat it first.")
    return node
