"""Where a value really comes from: through the ends of composites, inward and outward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.document import INPUT, RAIL_PORT, Definition, Document, PortRef
from builder.rules.base import View
from engine.settings import Value


@dataclass(frozen=True)
class Origin:
    """A port of a block, or an input of the model.

    Args:
        document: The model.
        definition: Where the block is.
        port: The block's output.
        trail: The uses that lead there, from the root: the definition around each and the id of the node in it.
    """

    document: Document
    definition: Definition
    port: PortRef
    trail: tuple[tuple[Definition, str], ...] = ()

    @property
    def kind(self) -> str:
        """What the block is."""
        return self.definition.nodes[self.port.node].kind

    def setting(self, name: str, default: Value) -> Value:
        """What the block's node says a setting is, as it is written there."""
        return self.definition.nodes[self.port.node].settings.get(name, default)

    def way(self) -> Iterator[Origin]:
        """This block and those before it, as long as they have a port `x`; ends where wires form a circle."""
        here: Origin | None = self
        seen: set[tuple[object, ...]] = set()
        while here is not None and (place := (here.port, tuple(use for _, use in here.trail))) not in seen:
            seen.add(place)
            yield here
            here = here.before("x")

    def before(self, port: str) -> Origin | None:
        """Where what comes into the block at `port` comes from; `None` if it has no wire."""
        return _at(self.document, self.definition, self.definition.feeds.get(PortRef(self.port.node, port)), self.trail)


def origin(view: View, port: PortRef) -> Origin | None:
    """Where what comes into a node at `port` comes from; `None` if it has no wire, or a composite holds itself."""
    trail = tuple((outer.definition, use) for outer, use in view.trail)
    return _at(view.document, view.definition, view.definition.feeds.get(port), trail)


def made(document: Document, output: str) -> Origin | None:
    """Where what leaves the model at an output comes from; `None` if it has no wire."""
    return _at(document, document.main, document.main.feeds.get(PortRef(output, RAIL_PORT)), ())


def _at(
    document: Document, here: Definition, source: PortRef | None, trail: tuple[tuple[Definition, str], ...]
) -> Origin | None:
    while source is not None:
        kind = here.nodes[source.node].kind
        if kind == INPUT and trail:
            outer, use = trail[-1]
            here, source, trail = outer, outer.feeds.get(PortRef(use, source.node)), trail[:-1]
        elif kind in document.definitions:
            if any(outer.name == kind for outer, _ in (*trail, (here, ""))):
                return None
            trail = (*trail, (here, source.node))
            here = document.definitions[kind]
            source = here.feeds.get(PortRef(source.port, RAIL_PORT))
        else:
            return Origin(document, here, source, trail)
    return None
