"""Copy, paste and duplicate, within a document and across documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from builder import names
from builder.catalogue import known_scope
from builder.document import Definition, Document, Node, PortRef, Wire
from builder.edits.base import check_position, check_recursion, check_room, fresh_uid, home, node_in
from builder.expressions import evaluate, names_in
from builder.library import merged, needed
from engine.errors import ExpressionError
from engine.settings import Value

CLIP = "clip"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Copied nodes with the wires between them and the definitions they need.

    Args:
        document: A document whose root holds the nodes; `builder.store.dumps` writes it as text.
    """

    document: Document


def copy_clip(document: Document, at: str, nodes: Iterable[str]) -> Clip:
    """Copy nodes.

    Args:
        document: Where they are.
        at: The definition; empty is the root.
        nodes: Ids.

    Raises:
        EditError: If a node does not exist.
    """
    here = home(document, at)
    chosen = {name: node_in(here, name) for name in nodes}
    parts: dict[str, Definition] = {}
    for node in chosen.values():
        parts |= needed(node.kind, document.definitions)
    inner = [wire for wire in here.wires if wire.source.node in chosen and wire.target.node in chosen]
    root = Definition.make(names.fresh(CLIP, parts), symbols=here.symbols).redrawn(chosen, inner)
    return Clip(document=Document(definitions={**parts, root.name: root}, root=root.name, name=CLIP))


@dataclass(frozen=True, kw_only=True)
class Paste:
    """Put a clip into a definition.

    Names that are not known there become values; ids that are taken get a number.

    Args:
        clip: What was copied.
        x: Where its left edge goes, in pixels.
        y: Where its upper edge goes.
        at: The definition; empty is the root.
    """

    clip: Clip
    x: float = 0
    y: float = 0
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        count = len(self.clip.document.main.nodes)
        return "Paste block" if count == 1 else f"Paste {count} blocks"

    def apply(self, document: Document) -> Document:
        """Return `document` with the copies.

        Raises:
            EditError: If a composite would hold itself, or the document grows too large.
        """
        check_position("The clip", self.x, self.y)
        copied = self.clip.document.main
        if not copied.nodes:
            return document
        definitions = {name: d for name, d in self.clip.document.definitions.items() if d is not copied}
        document, called = merged(document, definitions)
        here = home(document, self.at)
        for node in copied.nodes.values():
            check_recursion(document, here.name, called.get(node.kind, node.kind))
        return check_room(document.with_definition(self._placed(here, copied, called)))

    def _placed(self, here: Definition, copied: Definition, called: Mapping[str, str]) -> Definition:
        left, top = corner(copied.nodes.values())
        ids: dict[str, str] = {}
        for name, node in copied.nodes.items():
            ids[name] = names.fresh(name, here.nodes)
            place = {"x": node.x - left + self.x, "y": node.y - top + self.y}
            port = node.port and replace(node.port, name=ids[name])
            kind, uid = called.get(node.kind, node.kind), fresh_uid(here, ids[name])
            node = replace(valued(node, copied, here), kind=kind, uid=uid, port=port, **place)  # type: ignore[arg-type]
            here = here.with_nodes({ids[name]: node})
        return here.with_wires(Wire(_end(wire.source, ids), _end(wire.target, ids)) for wire in copied.wires)


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Copy nodes and put the copies beside them.

    Args:
        nodes: Ids.
        dx: How far to the right, in pixels.
        dy: How far down.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...]
    dx: float = 32
    dy: float = 32
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Duplicate {self.nodes[0]}" if len(self.nodes) == 1 else f"Duplicate {len(self.nodes)} blocks"

    def apply(self, document: Document) -> Document:
        """Return `document` with the copies.

        Raises:
            EditError: If a node does not exist.
        """
        clip = copy_clip(document, self.at, self.nodes)
        left, top = corner(clip.document.main.nodes.values())
        return Paste(clip=clip, x=left + self.dx, y=top + self.dy, at=self.at).apply(document)


def corner(nodes: Iterable[Node]) -> tuple[float, float]:
    """Left and upper edge of some nodes, in pixels."""
    places = [(node.x, node.y) for node in nodes]
    return min((x for x, _ in places), default=0), min((y for _, y in places), default=0)


def valued(node: Node, old: Definition, new: Definition) -> Node:
    """`node` with values in place of expressions that mean something in `old` but nothing in `new`."""
    meant, known = known_scope(old), {symbol.name for symbol in new.symbols}

    def value(text: Value) -> Value:
        used = names_in(text) if isinstance(text, str) else set()
        if not used or used <= known or not used <= set(meant):
            return text
        try:
            return evaluate(str(text), meant)
        except ExpressionError:
            return text

    settings = {key: value(text) for key, text in node.settings.items()}
    overrides = {i: {key: value(text) for key, text in layer.items()} for i, layer in node.overrides.items()}
    repeat = node.repeat if node.repeat is None else value(node.repeat)
    assert not isinstance(repeat, float)
    return replace(node, settings=settings, overrides=overrides, repeat=repeat)


def _end(ref: PortRef, ids: Mapping[str, str]) -> PortRef:
    return ref._replace(node=ids[ref.node])
