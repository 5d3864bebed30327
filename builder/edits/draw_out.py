"""Opening an attention core: the products, the scale, the mask and the softmax that it stands for, as blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from builder import names
from builder.assemble import COLUMN, ROW
from builder.document import Definition, Document, Node, PortRef, Wire
from builder.edits.base import check_position, check_room, fresh_uid, home, node_in, put_in_place
from builder.edits.core_steps import Step, steps_of
from builder.edits.core_uses import Core
from builder.edits.ungroup import overlap
from builder.paths import without_ties
from engine.errors import DocumentError, EditError

CORE = "attention_core"


@dataclass(frozen=True, kw_only=True)
class DrawOut:
    """Put the steps of an attention core in its place, each as a block.

    The numbers stay, to rounding, in every use of the definition; the blocks have no parameters, so that all keys of a
    checkpoint stay too. A model in which nobody looks inside runs them as fast as before (see `builder.fusion`).

    Args:
        node: An attention core.
        at: The definition that it is in; empty is the root.
    """

    node: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Draw out {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the blocks in the place of the core.

        Raises:
            EditError: If the node is no attention core, or does what no blocks do.
        """
        here = home(document, self.at)
        kind = node_in(here, self.node).kind
        if kind != CORE:
            raise EditError(f"{self.node} is of kind {kind}; only an attention core is opened into its steps.")
        try:
            steps = steps_of(Core(document, here, self.node))
        except DocumentError as error:
            raise EditError(str(error)) from None
        document = without_ties(document, here.name, (self.node,))
        return check_room(document.with_definition(_Drawing(here, self.node, steps).done()))


@dataclass
class _Drawing:
    """The definition with steps in the place of a core. State: `ids` and `placed` grow."""

    here: Definition
    core: str
    steps: list[Step]
    ids: dict[str, str] = field(default_factory=dict)
    placed: dict[str, Node] = field(default_factory=dict)

    def done(self) -> Definition:
        """Ids as they are free, positions to the right of where the core was."""
        self._name()
        moved = self._make_way()
        self._place(moved)
        for name, node in (*moved.items(), *self.placed.items()):
            check_position(name, node.x, node.y)
        return put_in_place(self.here, self.core, self.placed, moved, self._wires())

    def _name(self) -> None:
        taken = {*self.here.nodes} - {self.core}
        for step in self.steps:
            self.ids[step.name] = names.fresh(step.name, taken)
            taken.add(self.ids[step.name])

    def _make_way(self) -> dict[str, Node]:
        """The other nodes; those to the right of the core are as far from the last step as from the core before."""
        core, last = self.here.nodes[self.core], max(step.column for step in self.steps)
        others = {name: node for name, node in self.here.nodes.items() if name != self.core}
        behind = [name for name, node in others.items() if node.x >= core.x + COLUMN / 2]
        return {**others, **{name: replace(others[name], x=others[name].x + last * COLUMN) for name in behind}}

    def _place(self, others: Mapping[str, Node]) -> None:
        core = self.here.nodes[self.core]
        for step in self.steps:
            name, y = self.ids[step.name], core.y
            beside = others.get(step.beside.node) if step.beside else None
            node = Node(kind=step.kind, settings=step.settings, label=step.label, x=core.x + step.column * COLUMN)
            node = replace(node, y=beside.y if beside and not beside.is_rail else y, uid=fresh_uid(self.here, name))
            while any(overlap(node, other) for other in (*others.values(), *self.placed.values())):
                node = replace(node, y=node.y + ROW)
            self.placed[name] = node

    def _wires(self) -> list[Wire]:
        made: list[Wire] = []
        for step in self.steps:
            for port, source in step.takes.items():
                start = source if isinstance(source, PortRef) else PortRef(self.ids[source], "y")
                made.append(Wire(start, PortRef(self.ids[step.name], port)))
        end = PortRef(self.ids[self.steps[-1].name], "y")
        return [*made, *(Wire(end, wire.target) for wire in self.here.wires if wire.source.node == self.core)]
