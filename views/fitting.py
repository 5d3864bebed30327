"""Which port of a new block a pulled wire should end at."""

from __future__ import annotations

from builder.catalogue import ports_of
from builder.document import Definition, Document, PortRef
from engine.ports import Port, kinds_fit


def best_port(
    document: Document, definition: Definition, node: str, end: PortRef, *, into: bool
) -> PortRef | None:
    """The port of `node` that fits `end` best: required before optional, the same kind before a fitting one.

    Args:
        document: Holds `definition`.
        definition: Where both nodes are.
        node: The new block.
        end: The port the wire was pulled from.
        into: Whether the wire runs from `end` into `node`.
    """
    side, other = ("outputs", "inputs") if into else ("inputs", "outputs")
    ends = {port.name: port for port in ports_of(document, definition, end.node, side)}
    here = ends[end.port]

    def fits(port: Port) -> bool:
        pair = (here.kind, port.kind) if into else (port.kind, here.kind)
        return not port.watch and kinds_fit(*pair)

    found = [port for port in ports_of(document, definition, node, other) if fits(port)]
    found.sort(key=lambda port: (port.optional, port.kind != here.kind))
    return PortRef(node, found[0].name) if found else None
