"""Edits of a definition's ends: its inputs and outputs, which are ports of every use of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from builder import names
from builder.document import INPUT, OUTPUT, Definition, Document, Node, PortRef, Wire
from builder.edits.base import (
    check_new_id,
    check_position,
    check_room,
    check_text,
    fresh_uid,
    home,
    node_in,
    with_node,
)
from builder.expressions import parse
from engine.errors import EditError, ExpressionError
from engine.ports import KINDS, Port
from engine.registry import did_you_mean


@dataclass(frozen=True, kw_only=True)
class AddRail:
    """Give a definition another input or output.

    Args:
        side: `input` or `output`.
        id: Its id, which is the port's name outside; empty makes one that suits.
        kind: What it carries; empty guesses.
        shape: The dimensions; empty guesses.
        optional: An input that may stay without a wire.
        text: What the user calls it.
        x: Position from the left, in pixels.
        y: Position from the top.
        at: The definition; empty is the root.
    """

    side: str
    id: str = ""
    kind: str = ""
    shape: str = ""
    optional: bool = False
    text: str = ""
    x: float = 0
    y: float = 0
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Add {self.side}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the input or output.

        Raises:
            EditError: If the id is taken or no identifier, or the kind or shape cannot be read.
        """
        if self.side not in (INPUT, OUTPUT):
            raise EditError(f"A definition has inputs and outputs, but no {self.side!r}.")
        here = home(document, self.at)
        port = self.port_in(here, top=here.name == document.root)
        check_new_id(here, port.name)
        check_text(self.text)
        check_position(port.name, self.x, self.y)
        uid = fresh_uid(here, port.name)
        node = Node(kind=self.side, label=self.text, x=self.x, y=self.y, port=port, uid=uid)
        return check_room(document.with_definition(here.with_nodes({port.name: node})))

    def port_in(self, here: Definition, *, top: bool) -> Port:
        """The port that it makes, with guesses for what was left empty.

        Args:
            here: The definition.
            top: Whether that is the model itself, which takes tokens and gives logits.

        Raises:
            EditError: If the kind or shape cannot be read.
        """
        symbols = {symbol.name for symbol in here.symbols}
        wide = "B T d_model" if "d_model" in symbols else "B T D"
        default = ("x", "hidden", wide) if self.side == INPUT else ("y", "hidden", wide)
        if top:
            scores = "B T vocab_size" if "vocab_size" in symbols else "B T V"
            default = ("tokens", "ids", "B T") if self.side == INPUT else ("logits", "logits", scores)
        name, kind, shape = default
        name = self.id or names.fresh(self.text or name, here.nodes)
        return checked_port(name, kind=self.kind or kind, shape=self.shape or shape, optional=self.optional)


@dataclass(frozen=True, kw_only=True)
class SetPort:
    """Change what an input or output of a definition carries; what is left `None` stays.

    Args:
        node: Its id.
        kind: One of `engine.ports.KINDS`.
        shape: The dimensions, such as `B T d_model`.
        optional: An input that may stay without a wire.
        about: One sentence for the tooltip.
        at: The definition; empty is the root.
    """

    node: str
    kind: str | None = None
    shape: str | None = None
    optional: bool | None = None
    about: str | None = None
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Change {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the port changed.

        Raises:
            EditError: If the node is no input or output, or the kind or shape cannot be read.
        """
        here = home(document, self.at)
        node = node_in(here, self.node)
        if not node.is_rail:
            raise EditError(f"{self.node} is a block; only inputs and outputs have a port that can be changed.")
        old = node.port or Port(name=self.node)
        port = checked_port(
            self.node,
            kind=old.kind if self.kind is None else self.kind,
            shape=old.shape if self.shape is None else self.shape,
            optional=old.optional if self.optional is None else self.optional,
            about=old.about if self.about is None else self.about,
        )
        return document.with_definition(with_node(here, self.node, port=port))


def checked_port(name: str, *, kind: str, shape: str, optional: bool = False, about: str = "") -> Port:
    """A port of a definition.

    Raises:
        EditError: If the kind does not exist or the shape cannot be read.
    """
    if kind not in KINDS:
        raise EditError(f"{name} cannot carry {kind!r}. {did_you_mean(kind, KINDS)}")
    check_text(shape)
    check_text(about)
    for place, dim in enumerate(shape.split()):
        if dim == "..." and place == 0:
            continue
        try:
            parse(dim)
        except ExpressionError as error:
            raise EditError(f"The shape {shape!r} of {name} has a dimension that {str(error)[1:]}") from None
    return Port(name=name, kind=kind, shape=" ".join(shape.split()), optional=optional, about=about)


def drop_ports(document: Document, kind: str, ports: Collection[str]) -> Document:
    """`document` without the wires at these ports of all uses of the definition `kind`."""

    def gone(ref: PortRef, users: Collection[str]) -> bool:
        return ref.node in users and ref.port in ports

    for name in {user for user, _ in document.uses(kind)} if ports else ():
        here = document.definitions[name]
        users = {node_id for node_id, node in here.nodes.items() if node.kind == kind}
        wires = [wire for wire in here.wires if gone(wire.source, users) or gone(wire.target, users)]
        freed = {
            user: replace(here.nodes[user], carry=None)
            for user in users
            if set(here.nodes[user].carry or ()) & set(ports)
        }
        document = document.with_definition(here.without_wires(wires).with_nodes(freed))
    return document


def rename_port(document: Document, kind: str, old: str, new: str) -> Document:
    """`document` with a port of the definition `kind` called otherwise at all its uses."""
    for name in {user for user, _ in document.uses(kind)}:
        here = document.definitions[name]
        users = {node_id for node_id, node in here.nodes.items() if node.kind == kind}

        def moved(ref: PortRef, users: set[str] = users) -> PortRef:
            return ref._replace(port=new) if ref.node in users and ref.port == old else ref

        wires = [wire for wire in here.wires if moved(wire.source) != wire.source or moved(wire.target) != wire.target]
        carried = {
            user: replace(
                here.nodes[user],
                carry=(new if carry[0] == old else carry[0], new if carry[1] == old else carry[1]),
            )
            for user in users
            if (carry := here.nodes[user].carry)
        }
        new_wires = [Wire(moved(wire.source), moved(wire.target)) for wire in wires]
        document = document.with_definition(here.without_wires(wires).with_wires(new_wires).with_nodes(carried))
    return document
