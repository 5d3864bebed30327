"""Edits of single nodes: add, remove, move, set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from builder import names
from builder.catalogue import Signature, known_scope, resolve, signature
from builder.document import INPUT, OUTPUT, Definition, Document, Node, Wire
from builder.edits.base import (
    check_new_id,
    check_position,
    check_recursion,
    check_room,
    check_text,
    fresh_uid,
    home,
    node_in,
    unknown_kind,
    with_node,
)
from builder.edits.rails import AddRail, drop_ports
from builder.edits.settings import check_setting
from builder.library import kinds, title, with_library
from builder.paths import without_ties
from engine.errors import EditError, ExpressionError, SettingError
from engine.settings import Field, Value

# A setting that a new node takes from a symbol of another name.
_ALIASES = {"d_in": "d_model", "d_out": "d_model", "p": "dropout", "function": "activation"}


@dataclass(frozen=True, kw_only=True)
class AddNode:
    """Put a block into a definition.

    A setting that has the name of a symbol around it begins as that symbol. A composite of the library comes
    with the definitions it needs.

    Args:
        kind: A block, a composite, `input` or `output`.
        id: Its id; empty makes one from `text` or the kind.
        text: What the user calls it.
        x: Position from the left, in pixels.
        y: Position from the top.
        settings: Settings other than the defaults.
        at: The definition; empty is the root.
    """

    kind: str
    id: str = ""
    text: str = ""
    x: float = 0
    y: float = 0
    settings: Mapping[str, Value] = field(default_factory=dict)
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Add {title(self.kind)}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the node.

        Raises:
            EditError: If there is no such block, the id is taken or no identifier, a setting does not fit, or
                a composite would hold itself.
        """
        if self.kind in (INPUT, OUTPUT):
            rail = AddRail(side=self.kind, id=self.id, text=self.text, x=self.x, y=self.y, at=self.at)
            return rail.apply(document)
        document = with_library(document, self.kind)
        here = home(document, self.at)
        found = signature(document, self.kind)
        if found is None:
            raise unknown_kind(self.kind, kinds(document))
        check_recursion(document, here.name, self.kind)
        name = self.id or new_id(document, self.at, self.text or self.kind)
        check_new_id(here, name)
        return check_room(document.with_definition(here.with_nodes({name: self._node(here, found, name)})))

    def _node(self, here: Definition, found: Signature, name: str) -> Node:
        check_text(self.text)
        check_position(name, self.x, self.y)
        for key, value in self.settings.items():
            check_setting(here, found, name, key, value)
        settings = {**inherited(here, found), **self.settings}
        uid = fresh_uid(here, name)
        return Node(kind=self.kind, settings=settings, label=self.text, x=self.x, y=self.y, uid=uid)


@dataclass(frozen=True, kw_only=True)
class Remove:
    """Take nodes away with the wires at them, and wires.

    Ties to parameters that go with them, and wires to a composite's port that goes, are taken away too.

    Args:
        nodes: Ids.
        wires: Further wires.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...] = ()
    wires: tuple[Wire, ...] = ()
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        if len(self.nodes) == 1:
            return f"Remove {self.nodes[0]}"
        if self.nodes:
            return f"Remove {len(self.nodes)} blocks"
        return "Remove wire" if len(self.wires) == 1 else f"Remove {len(self.wires)} wires"

    def apply(self, document: Document) -> Document:
        """Return `document` without them.

        Raises:
            EditError: If a node or wire does not exist.
        """
        here = home(document, self.at)
        for name in self.nodes:
            node_in(here, name)
        for wire in self.wires:
            if wire not in here.wires:
                raise EditError(f"There is no wire from {wire.source} to {wire.target} in {here.title}.")
        rails = [name for name in self.nodes if here.nodes[name].is_rail]
        document = without_ties(document, here.name, self.nodes)
        apart = [wire for wire in self.wires if not {wire.source.node, wire.target.node} & set(self.nodes)]
        left = here.without_wires(apart) if apart else here  # a node takes its own wires along
        left = left.without_nodes(self.nodes) if self.nodes else left
        return drop_ports(document.with_definition(left), here.name, rails)


@dataclass(frozen=True, kw_only=True)
class Move:
    """Put nodes elsewhere on the canvas.

    Args:
        positions: (x, y) by id, in pixels.
        at: The definition; empty is the root.
    """

    positions: Mapping[str, tuple[float, float]]
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        if len(self.positions) == 1:
            return f"Move {next(iter(self.positions))}"
        return f"Move {len(self.positions)} blocks"

    def apply(self, document: Document) -> Document:
        """Return `document` with the nodes there.

        Raises:
            EditError: If a node does not exist or a position is no finite number.
        """
        here = home(document, self.at)
        moved = {}
        for name, (x, y) in self.positions.items():
            check_position(name, x, y)
            moved[name] = replace(node_in(here, name), x=x, y=y)
        return document.with_definition(here.with_nodes(moved))


@dataclass(frozen=True, kw_only=True)
class SetLabel:
    """Call a node something, for the eye only.

    Args:
        node: Its id.
        text: Any text; empty shows the block's title.
        at: The definition; empty is the root.
    """

    node: str
    text: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Label {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the label.

        Raises:
            EditError: If the node does not exist or the text is too long.
        """
        check_text(self.text)
        here = home(document, self.at)
        return document.with_definition(with_node(here, self.node, label=self.text))


def new_id(document: Document, at: str, kind: str) -> str:
    """The id that a new node gets if nobody gives it one; an end of the model is called by what it carries.

    Raises:
        EditError: If the definition does not exist.
    """
    here = home(document, at)
    if kind in (INPUT, OUTPUT):
        return AddRail(side=kind).port_in(here, top=here.name == document.root).name
    return names.fresh(kind, here.nodes)


def inherited(here: Definition, found: Signature) -> dict[str, Value]:
    """The settings that a new node takes from the symbols around it, as expressions."""
    return {field.name: name for field in found.fields if (name := _symbol_for(here, field))}


def _symbol_for(here: Definition, field: Field) -> str:
    values = known_scope(here)
    name = field.name if field.name in values else _ALIASES.get(field.name, "")
    if name not in values:
        return ""
    try:
        resolve(field, name, values)
    except (ExpressionError, SettingError):
        return ""
    return name
