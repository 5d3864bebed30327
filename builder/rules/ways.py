"""Where values go to and come from across the ends of composites, with the settings that blocks have there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from builder.document import INPUT, OUTPUT, RAIL_PORT, Document, PortRef
from builder.rules.base import View
from builder.surroundings import Surroundings, inner_scope, layer_settings, survey
from engine.settings import Value


@dataclass(frozen=True, eq=False)
class Spot:
    """A port of a block, in one use of the definition around it.

    Args:
        document: The model.
        around: The definition, with its settings.
        port: The port.
        trail: The uses that lead there, from the root.
    """

    document: Document
    around: Surroundings
    port: PortRef
    trail: tuple[tuple[Surroundings, str], ...] = ()

    @property
    def kind(self) -> str:
        """What the block is."""
        return self.around.definition.nodes[self.port.node].kind

    def setting(self, name: str) -> Value | None:
        """What a setting of the block is worth there."""
        return self.around.settings(self.port.node).get(name)

    def is_wired(self, port: str) -> bool:
        """Whether something comes into a port of the block."""
        return PortRef(self.port.node, port) in self.around.feeds

    def to(self, port: str) -> Spot:
        """Another port of the block."""
        return replace(self, port=PortRef(self.port.node, port))

    @property
    def place(self) -> tuple[object, ...]:
        """What tells it from other ports of the model, in layers that differ."""
        return self.port, id(self.around), *(use for _, use in self.trail)

    def readers(self) -> Iterator[Spot]:
        """The inputs of blocks that this output goes to, in every layer that differs; none if wires form a circle."""
        for wire in () if self.around.in_circles else self.around.definition.wires:
            if wire.source == self.port:
                yield from replace(self, port=wire.target)._inward()

    def _inward(self) -> Iterator[Spot]:
        node = self.around.definition.nodes[self.port.node]
        if node.kind == OUTPUT:
            if self.trail:
                outer, use = self.trail[-1]
                yield from Spot(self.document, outer, PortRef(use, self.port.node), self.trail[:-1]).readers()
        elif node.kind in self.document.definitions:
            for inside in self._inside(self.port.port):
                yield from inside.readers()
        else:
            yield self

    def _inside(self, rail: str) -> Iterator[Spot]:
        """An end of the composite that the node is, in each layer that differs."""
        name = self.port.node
        inner = self.document.definitions[self.kind]
        if any(outer.definition is inner for outer, _ in (*self.trail, (self.around, ""))):
            return
        own = [settings for settings, _ in layer_settings(self.around, name).values()]
        for settings in (self.around.settings(name), *own):
            around = survey(self.document, inner, inner_scope(inner, settings))
            yield Spot(self.document, around, PortRef(rail, RAIL_PORT), (*self.trail, (self.around, name)))

    def source(self) -> Spot | None:
        """The output of a block that comes into this input; `None` if there is none."""
        source = None if self.around.in_circles else self.around.feeds.get(self.port)
        if source is None:
            return None
        there = replace(self, port=source)
        if there.kind == INPUT:
            outer, use = self.trail[-1] if self.trail else (None, "")
            return Spot(self.document, outer, PortRef(use, source.node), self.trail[:-1]).source() if outer else None
        if there.kind in self.document.definitions:
            inside = next(there._inside(source.port), None)
            return inside.source() if inside else None
        return there


def spot(view: View, port: PortRef) -> Spot:
    """A port in a view."""
    return Spot(view.document, view.around, port, tuple((outer.around, use) for outer, use in view.trail))
