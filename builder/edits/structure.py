"""Edits that other places follow: a node's id, its number of layers, which definition it uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from builder import limits, names
from builder.catalogue import Signature, known_scope
from builder.document import Definition, Document, PortRef, Wire
from builder.edits.base import check_new_id, check_room, home, node_in, outside_of, with_node
from builder.edits.rails import rename_port
from builder.edits.settings import check_size
from builder.paths import follow_rename, follow_repeat
from builder.values import layers_of
from engine.errors import EditError, ExpressionError
from engine.ports import kinds_fit
from engine.registry import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Rename:
    """Give a node another id.

    Wires, ties and, for an input or output, all uses follow. Its uid stays, so that a checkpoint keeps
    its weights.

    Args:
        node: Its id.
        new: The id it gets.
        at: The definition; empty is the root.
    """

    node: str
    new: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Rename {self.node} to {self.new}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the node under its new id, in the same place of the order.

        Raises:
            EditError: If the new id is taken or no identifier.
        """
        here = home(document, self.at)
        node = node_in(here, self.node)
        if self.new == self.node:
            return document
        check_new_id(here, self.new)
        document = follow_rename(document, here.name, self.node, self.new)
        document = document.with_definition(self._renamed(here))
        return rename_port(document, here.name, self.node, self.new) if node.is_rail else document

    def _renamed(self, here: Definition) -> Definition:
        nodes = {self._id(name): node for name, node in here.nodes.items()}
        node = nodes[self.new]
        port = replace(node.port, name=self.new) if node.port else None
        uid = node.uid or self.node
        nodes[self.new] = replace(node, port=port, uid="" if uid == self.new else uid)
        wires = [Wire(self._end(wire.source), self._end(wire.target)) for wire in here.wires]
        return here.redrawn(nodes, wires)

    def _id(self, name: str) -> str:
        return self.new if name == self.node else name

    def _end(self, ref: PortRef) -> PortRef:
        return ref._replace(node=self._id(ref.node))


@dataclass(frozen=True, kw_only=True)
class SetRepeat:
    """Make a composite several layers in a row, or one.

    Args:
        node: A use of a definition.
        repeat: How many layers, a number or an expression; `None` is one, without an index in its path.
        carry: Input and output port that run from layer to layer; `None` keeps or finds them.
        shared: Whether all layers have the same weights; `None` keeps.
        at: The definition; empty is the root.
    """

    node: str
    repeat: int | str | None
    carry: tuple[str, str] | None = None
    shared: bool | None = None
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Repeat {self.node} ×{self.repeat}" if self.repeat is not None else f"One layer of {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with that many layers; ties to layers that go are taken away.

        Raises:
            EditError: If the node is no composite, the number is out of range, or nothing can be carried.
        """
        here = home(document, self.at)
        found = outside_of(document, here, self.node)
        if not found.composite:
            raise EditError(f"{self.node} is a single block; only a composite can be repeated.")
        self._check_number(here)
        node = here.nodes[self.node]
        carry = None
        if self.repeat is not None:
            carry = self._carry(found, node.carry)
        document = follow_repeat(document, here.name, self.node, self.repeat)
        changed = with_node(
            here,
            self.node,
            repeat=self.repeat,
            carry=carry,
            shared=self.repeat is not None and (node.shared if self.shared is None else self.shared),
            overrides=self._overrides(here),
        )
        return document.with_definition(changed)

    def _overrides(self, here: Definition) -> dict[int, object]:
        """Settings of single layers, as far as there still are such layers."""
        old = here.nodes[self.node].overrides
        most = self.repeat if isinstance(self.repeat, int) else limits.MAX_REPEAT
        return {index: settings for index, settings in old.items() if self.repeat is not None and index < most}

    def _check_number(self, here: Definition) -> None:
        if self.repeat is None:
            return
        check_size("repeat", self.repeat)
        try:
            layers_of(replace(here.nodes[self.node], repeat=self.repeat), known_scope(here))
        except ExpressionError as error:
            raise EditError(f"{self.node}: {error}") from None

    def _carry(self, found: Signature, present: tuple[str, str] | None) -> tuple[str, str]:
        inputs = [port for port in found.inputs if not port.optional]
        outputs = [port for port in found.outputs if not port.watch]
        for name, ports in zip(self.carry or (), (inputs, outputs), strict=False):
            if name not in (known := [port.name for port in ports]):
                raise EditError(f"{self.node} cannot carry {name!r}. {did_you_mean(name, known)}")
        pairs = [(a.name, b.name) for b in outputs for a in inputs if kinds_fit(b.kind, a.kind)]
        if self.carry or present in pairs:
            return self.carry or present or pairs[0]
        if not pairs:
            raise EditError(
                f"No output of {self.node} fits one of its inputs, so nothing can run from layer to layer. "
                "Give it an input and an output of one kind."
            )
        return pairs[0]


@dataclass(frozen=True, kw_only=True)
class MakeIndependent:
    """Give one use of a composite its own copy of the definition, so that edits of it change no other use.

    Args:
        node: A use of a definition.
        name: Name of the copy; empty makes one of the node's id.
        at: The definition; empty is the root.
    """

    node: str
    name: str = ""
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Make {self.node} independent"

    def apply(self, document: Document) -> Document:
        """Return `document` with the copy.

        Raises:
            EditError: If the node is no composite, or the name is taken or no identifier.
        """
        here = home(document, self.at)
        kind = node_in(here, self.node).kind
        if kind not in document.definitions:
            raise EditError(f"{self.node} is a single block, which is independent already.")
        name = self.name or names.fresh(kind, document.definitions)
        if name in document.definitions or names.problem(name):
            raise EditError(names.problem(name) or f"There is a definition {name!r} already. Pick another name.")
        copy = replace(document.definitions[kind], name=name)
        document = document.with_definition(with_node(here, self.node, kind=name))
        return check_room(document.with_definition(copy))
