"""Joining a new block to the wire it was pulled from: which of its ports fits best."""

from __future__ import annotations

from builder.catalogue import Signature, node_signature
from builder.document import Document, PortRef
from builder.edits import AddNode, Batch, Connect, Edit
from engine.ports import Port, kinds_fit


def best_port(here: Port, block: Signature, *, into: bool) -> str:
    """The port of `block` that fits `here` best: required before optional, the same kind before a fitting one.

    Args:
        here: The port the wire was pulled from.
        block: The new block.
        into: Whether the wire runs from `here` into the block.

    Returns:
        Its name, or nothing if no port fits.
    """

    def fits(port: Port) -> bool:
        pair = (here.kind, port.kind) if into else (port.kind, here.kind)
        return not port.watch and kinds_fit(*pair)

    found = [port for port in (block.inputs if into else block.outputs) if fits(port)]
    found.sort(key=lambda port: (port.optional, port.kind != here.kind))
    return found[0].name if found else ""


def joined(add: AddNode, origin: dict[str, str], document: Document) -> Edit:
    """Place a block and join it to the port a wire was pulled from."""
    document = add.apply(document)
    nodes, into = document.definition(add.at).nodes, origin["side"] == "source"
    there = node_signature(document, nodes[origin["node"]], origin["node"])
    block = node_signature(document, nodes[add.id], add.id)
    end = there and (there.output if into else there.input)(origin["port"])
    name = best_port(end, block, into=into) if end and block else ""
    if not name:
        return add
    ends = [PortRef(origin["node"], origin["port"]), PortRef(add.id, name)]
    source, target = ends if into else reversed(ends)
    return Batch(edits=(add, Connect(at=add.at, source=source, target=target, replace=True)), label=add.label)
