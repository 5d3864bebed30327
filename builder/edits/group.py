"""Making a composite of a selection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from builder import names
from builder.assemble import COLUMN, RAIL_DROP
from builder.catalogue import is_literal, known_scope, signature
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, Node, PortRef, Symbol, Wire
from builder.edits.base import check_room, check_text, fresh_uid, home, node_in
from builder.edits.border import Border, Crossing, border_of, check_whole
from builder.edits.symbol_uses import expressions
from builder.expressions import names_in
from builder.library import kinds
from builder.paths import follow_group
from engine.errors import EditError
from engine.settings import Value

GAP = 60  # pixels between the ends of a new composite that stand above each other


@dataclass(frozen=True, kw_only=True)
class Group:
    """Make a composite of blocks and put it in their place.

    Its ports are found: one input for each source outside, one output for each source inside that goes out, with the
    kinds and shapes that inference finds. Symbols that the blocks are sized by become its settings, passed on by
    name. The blocks keep their ids, so that the keys of a checkpoint change by a prefix alone; ties follow.

    Args:
        nodes: Ids; inputs and outputs of the definition among them stay outside.
        name: What to call it; its id is made of this.
        at: The definition; empty is the root.
    """

    nodes: tuple[str, ...]
    name: str = "Group"
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Group {self.nodes[0]}" if len(self.nodes) == 1 else f"Group {len(self.nodes)} blocks"

    def apply(self, document: Document) -> Document:
        """Return `document` with the composite.

        Raises:
            EditError: If there are no blocks to group, or blocks between them are not selected.
        """
        check_text(self.name)
        here = home(document, self.at)
        chosen = self._chosen(here)
        if not chosen:
            raise EditError("There is nothing to group. Select at least one block; inputs and outputs stay outside.")
        check_whole(here, chosen)
        border = border_of(document, here, chosen)
        inside = self._inside(document, here, chosen, border)
        group = group_id(here, self.name)
        document = follow_group(document, here.name, chosen, group)
        outside = _around(here, chosen, border, group, self._use(here, chosen, group, inside))
        return check_room(document.with_definition(inside).with_definition(outside))

    def _chosen(self, here: Definition) -> dict[str, Node]:
        for name in self.nodes:
            node_in(here, name)
        return {name: node for name, node in here.nodes.items() if name in self.nodes and not node.is_rail}

    def _inside(self, document: Document, here: Definition, chosen: Mapping[str, Node], border: Border) -> Definition:
        title = self.name.strip() or "Group"
        made = Definition.make(names.fresh(title, kinds(document)), title)
        made = made.with_symbols(_passed(document, here, chosen.values(), border))
        nodes = {**_ends(chosen, border.inputs, INPUT), **chosen, **_ends(chosen, border.outputs, OUTPUT)}
        inner = [wire for wire in here.wires if wire.source.node in chosen and wire.target.node in chosen]
        entering = [Wire(PortRef(c.port.name, RAIL_PORT), target) for c in border.inputs for target in c.targets]
        leaving = [Wire(c.source, PortRef(c.port.name, RAIL_PORT)) for c in border.outputs]
        return made.redrawn(nodes, [*inner, *entering, *leaving])

    def _use(self, here: Definition, chosen: Mapping[str, Node], group: str, inside: Definition) -> Node:
        x, y = centre(chosen.values())
        settings: dict[str, Value] = {symbol.name: symbol.name for symbol in inside.symbols}
        return Node(kind=inside.name, settings=settings, x=x, y=y, uid=fresh_uid(here, group))


def group_id(here: Definition, name: str) -> str:
    """The id that a group called `name` gets in `here`."""
    return names.fresh(name.strip() or "group", here.nodes)


def centre(nodes: Iterable[Node]) -> tuple[int, int]:
    """The middle of the corners of blocks, in whole pixels; ends do not count unless there is nothing else."""
    places = [node for node in nodes if not node.is_rail]
    if not places:
        return 0, 0
    return round(sum(node.x for node in places) / len(places)), round(sum(node.y for node in places) / len(places))


def _around(here: Definition, chosen: Collection[str], border: Border, group: str, use: Node) -> Definition:
    """`here` with the composite where the first of the blocks was."""
    first = next(name for name in here.nodes if name in chosen)
    nodes: dict[str, Node] = {}
    for name, node in here.nodes.items():
        if name == first:
            nodes[group] = use
        if name not in chosen:
            nodes[name] = node
    wires = [wire for wire in here.wires if wire.source.node not in chosen and wire.target.node not in chosen]
    wires += [Wire(c.source, PortRef(group, c.port.name)) for c in border.inputs]
    wires += [Wire(PortRef(group, c.port.name), target) for c in border.outputs for target in c.targets]
    return here.redrawn(nodes, wires)


def _ends(chosen: Mapping[str, Node], crossings: Iterable[Crossing], kind: str) -> dict[str, Node]:
    """The inputs or outputs, beside the blocks and level with what they are wired to."""
    xs = [node.x for node in chosen.values()]
    x = min(xs) - COLUMN if kind == INPUT else max(xs) + COLUMN
    found: dict[str, Node] = {}
    taken: list[float] = []
    for crossing in crossings:
        inner = crossing.targets[0] if kind == INPUT else crossing.source
        y = chosen[inner.node].y + RAIL_DROP
        while any(abs(y - other) < GAP for other in taken):
            y += GAP
        taken.append(y)
        found[crossing.port.name] = Node(kind=kind, port=crossing.port, x=x, y=y)
    return found


def _passed(document: Document, here: Definition, chosen: Iterable[Node], border: Border) -> Iterator[Symbol]:
    """The symbols that a composite made of `chosen` needs, in their order.

    One keeps its expression where all that it is made of is passed too; else it begins with its value.
    """
    used = {name for node in chosen for name in _names(document, node)}
    ports = [crossing.port for crossing in (*border.inputs, *border.outputs)]
    used |= {name for port in ports for dim in port.shape.split() for name in names_in(dim)}
    values, kept = known_scope(here), set[str]()
    for symbol in here.symbols:
        if symbol.name not in used:
            continue
        literal = is_literal(symbol.field, symbol.value)
        known = literal or names_in(str(symbol.value)) <= kept
        if not known and symbol.name not in values:
            raise EditError(f"{symbol.name} has no value. Give it one before you group blocks that use it.")
        kept.add(symbol.name)
        yield symbol if known else replace(symbol, value=values[symbol.name])


def _names(document: Document, node: Node) -> Iterator[str]:
    """All names in the expressions of a node."""
    found = signature(document, node.kind)
    for settings in (node.settings, *node.overrides.values()):
        for _, text in expressions(found, settings):
            yield from names_in(text)
    if isinstance(node.repeat, str):
        yield from names_in(node.repeat)
