"""Which port of a new block a pulled wire should end at."""

from __future__ import annotations

from builder.catalogue import Signature
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
