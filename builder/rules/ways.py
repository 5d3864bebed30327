"""Where values go to and come from across the ends of composites, with the settings that blocks have there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from builder.document import INPUT, OUTPUT, RAIL_PORT, Document, PortRef
from builder.rules.base import View
from builder.surroundings import Surroundings, inner_scope, layer_settings, survey
from engine.settings import Value

MOST = 2_000  # ports that are looked at; small files may unfold to more than anyone can wait for


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
        return self.port, self.around, *(use for _, use in self.trail)

    def readers(self) -> Iterator[Spot]:
        """The inputs of blocks that this output goes to, in every layer that differs; none if wires form a circle."""
        values = [self]
        for value in values:
            if len(values) > MOST:
                return
            yield from value._ends(values)

    def source(self) -> Spot | None:
        """The output of a block that comes into this input; `None` if there is none."""
        here: Spot | None = self
        for _ in range(MOST):
            source = here.around.feeds.get(here.port) if here and not here.around.in_circles else None
            if here is None or source is None:
                return None
            there = replace(here, port=source)
            if there.kind == INPUT:
                here = there._outside()
            elif there.kind in self.document.definitions:
                here = next(there._inside(), None)
            else:
                return there
        return None

    def _ends(self, values: list[Spot]) -> Iterator[Spot]:
        """The inputs of blocks right behind this output; what lies behind ends of composites is put to `values`."""
        for wire in () if self.around.in_circles else self.around.definition.wires:
            if wire.source == self.port:
                end = replace(self, port=wire.target)
                if end.kind == OUTPUT:
                    outside = end._outside()
                    values += [outside] if outside else []
                elif end.kind in self.document.definitions:
                    values += end._inside()
                else:
                    yield end

    def _outside(self) -> Spot | None:
        """The port of the composite around that an end of it is."""
        if not self.trail:
            return None
        outer, use = self.trail[-1]
        return Spot(self.document, outer, PortRef(use, self.port.node), self.trail[:-1])

    def _inside(self) -> Iterator[Spot]:
        """The end of a composite that a port of it is, in each layer that differs; none if it holds itself."""
        name, inner = self.port.node, self.document.definitions[self.kind]
        if any(outer.definition is inner for outer, _ in (*self.trail, (self.around, ""))):
            return
        own = [settings for settings, _ in layer_settings(self.around, name).values()]
        for settings in (self.around.settings(name), *own):
            around = survey(self.document, inner, inner_scope(inner, settings))
            yield Spot(self.document, around, PortRef(self.port.port, RAIL_PORT), (*self.trail, (self.around, name)))


def spot(view: View, port: PortRef) -> Spot:
    """A port in a view."""
    return Spot(view.document, view.around, port, tuple((outer.around, use) for outer, use in view.trail))
