"""Taking a composite apart: what is inside comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from builder import names
from builder.assemble import COLUMN, ROW
from builder.catalogue import block_inputs, signature
from builder.document import INPUT, OUTPUT, Definition, Document, Node, PortRef, Wire
from builder.edits.base import check_room, home, node_in, put_in_place
from builder.edits.group import centre
from builder.edits.symbol_uses import meaning, rewritten
from builder.paths import follow_ungroup
from builder.presence import present
from engine.errors import EditError

END, BLOCK = (76, 29), (176, 62)  # width and height of the smallest ones, in pixels


@dataclass(frozen=True, kw_only=True)
class Ungroup:
    """Put what is inside a composite in its place.

    Settings inside get what the composite passed to them; what is left out because an optional input has no wire
    stays out. Ties follow, and the definition goes when nothing else uses it.

    Args:
        node: A use of a definition, of one layer.
        at: The definition that it is in; empty is the root.
    """

    node: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Ungroup {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` without the composite.

        Raises:
            EditError: If the node is no composite, or has several layers.
        """
        here = home(document, self.at)
        use = node_in(here, self.node)
        if use.kind not in document.definitions:
            raise EditError(f"{self.node} is a single block; there is nothing inside to take out.")
        if use.repeat is not None:
            raise EditError(f"{self.node} stands for several layers. Make it one layer first, then ungroup it.")
        inside = document.definitions[use.kind]
        ids = self._ids(document, here, inside)
        document = follow_ungroup(document, here.name, self.node, ids)
        document = document.with_definition(self._opened(document, here, inside, ids))
        return check_room(_without_unused(document, inside.name))

    def _ids(self, document: Document, here: Definition, inside: Definition) -> dict[str, str]:
        """What each node that is there is called outside: as before, unless that is taken."""
        wired = {ref.port for ref in here.feeds if ref.node == self.node}
        given = wired | {port.name for port in inside.inputs if not port.optional}
        there = present(document, inside, given, block_inputs)
        taken, ids = set(here.nodes) - {self.node}, dict[str, str]()
        for name, node in inside.nodes.items():
            if name in there and not node.is_rail:
                ids[name] = names.fresh(name, taken | set(inside.nodes)) if name in taken else name
                taken.add(ids[name])
        return ids

    def _opened(self, document: Document, here: Definition, inside: Definition, ids: Mapping[str, str]) -> Definition:
        placed = self._placed(document, here, inside, ids)
        moved = _room(here, self.node, placed)
        return put_in_place(here, self.node, placed, moved, _joined(here, self.node, inside, ids))

    def _placed(
        self, document: Document, here: Definition, inside: Definition, ids: Mapping[str, str]
    ) -> dict[str, Node]:
        """What comes out, around the place of the composite."""
        use = here.nodes[self.node]
        outside = signature(document, use.kind)
        assert outside is not None
        values, (x, y) = meaning(outside, use.settings), centre(inside.nodes.values())
        placed: dict[str, Node] = {}
        for inner, new in ids.items():
            old = inside.nodes[inner]
            node = rewritten(signature(document, old.kind), old, values)
            uid = old.uid or ("" if inner == new else inner)
            taken = {other.uid or name for name, other in {**here.nodes, **placed}.items() if name != self.node}
            uid = names.fresh(uid or new, taken) if (uid or new) in taken else uid
            placed[new] = replace(node, x=old.x + use.x - x, y=old.y + use.y - y, uid="" if uid == new else uid)
        return placed


def _joined(here: Definition, use: str, inside: Definition, ids: Mapping[str, str]) -> Iterator[Wire]:
    """The wires inside, and those through its ends."""
    fed: dict[PortRef, PortRef] = {}  # what the ports inside get, in terms of the outside
    for wire in inside.wires:
        source = wire.source
        if inside.nodes[source.node].kind == INPUT:
            outer = here.feeds.get(PortRef(use, source.node))
        else:
            outer = PortRef(ids[source.node], source.port) if source.node in ids else None
        if outer is None:
            continue
        if wire.target.node in ids:
            yield Wire(outer, PortRef(ids[wire.target.node], wire.target.port))
        elif inside.nodes[wire.target.node].kind == OUTPUT:
            fed[PortRef(use, wire.target.node)] = outer
    for wire in here.wires:
        if wire.source in fed:
            yield Wire(fed[wire.source], wire.target)


def _room(here: Definition, use: str, placed: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes that make way: those to the right and below, if what comes out would lie on top of something."""
    others = {name: node for name, node in here.nodes.items() if name != use}
    if not any(overlap(a, b) for a in placed.values() for b in others.values()):
        return {}
    xs, ys = [node.x for node in placed.values()], [node.y for node in placed.values()]
    x, y = here.nodes[use].x, here.nodes[use].y
    return {
        name: replace(
            node,
            x=node.x + _push(node.x - x, COLUMN / 2, min(xs) - x, max(xs) - x),
            y=node.y + _push(node.y - y, ROW / 2, min(ys) - y, max(ys) - y),
        )
        for name, node in others.items()
    }


def _push(away: float, beside: float, before: float, after: float) -> float:
    """How far a node moves that is `away` from the composite: with what comes out on its side of it."""
    if abs(away) < beside:
        return 0
    return after if away > 0 else before


def overlap(a: Node, b: Node) -> bool:
    """Whether one lies on top of the other, as large as they are drawn at least."""
    left, right = sorted((a, b), key=lambda node: node.x)
    upper, lower = sorted((a, b), key=lambda node: node.y)
    wide, high = (END if left.is_rail else BLOCK)[0], (END if upper.is_rail else BLOCK)[1]
    return right.x - left.x < wide and lower.y - upper.y < high


def _without_unused(document: Document, name: str) -> Document:
    """`document` without the definition `name`, unless something uses it."""
    if name == document.root or any(True for _ in document.uses(name)):
        return document
    left = {key: definition for key, definition in document.definitions.items() if key != name}
    return replace(document, definitions=left)
