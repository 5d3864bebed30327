"""The border of a selection: which wires cross it, and the ports that a composite made of it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from builder import names
from builder.catalogue import block_inputs, node_signature
from builder.document import Definition, Document, PortRef
from builder.presence import presence
from builder.symbolic import SymbolicShapes
from engine.errors import EditError
from engine.ports import Port, kinds_fit


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A value that crosses the border.

    Args:
        port: What the composite's port is.
        source: Where it comes from, inside or outside.
        targets: Where it goes, on the other side.
    """

    port: Port
    source: PortRef
    targets: tuple[PortRef, ...]


@dataclass(frozen=True, kw_only=True)
class Border:
    """All that crosses: one input per source outside, one output per source inside.

    Args:
        inputs: What comes in.
        outputs: What goes out.
    """

    inputs: tuple[Crossing, ...]
    outputs: tuple[Crossing, ...]


def border_of(document: Document, here: Definition, chosen: Collection[str]) -> Border:
    """Find the ports of a composite made of some nodes.

    Args:
        document: The model.
        here: One of its definitions.
        chosen: Ids of blocks in it.
    """
    order = {name: place for place, name in enumerate(here.order())}
    coming: dict[PortRef, list[PortRef]] = {}
    going: dict[PortRef, list[PortRef]] = {}
    for wire in sorted(here.wires, key=lambda w: (order[w.target.node], _rank(document, here, w.target))):
        into, out = wire.target.node in chosen, wire.source.node in chosen
        if into and not out:
            coming.setdefault(wire.source, []).append(wire.target)
        elif out and not into:
            going.setdefault(wire.source, []).append(wire.target)
    finder = _Ports(document, here, set(chosen))
    inputs = [finder.input(source, targets, single=len(coming) == 1) for source, targets in coming.items()]
    ends = sorted(going.items(), key=lambda item: order[item[0].node])
    outputs = [finder.output(source, targets, single=len(going) == 1) for source, targets in ends]
    return Border(inputs=tuple(inputs), outputs=tuple(outputs))


def _rank(document: Document, here: Definition, target: PortRef) -> int:
    found = node_signature(document, here.nodes[target.node], target.node)
    ports = [port.name for port in found.inputs] if found else []
    return ports.index(target.port) if target.port in ports else len(ports)


class _Ports:
    """Names and describes ports. State: `taken` grows."""

    def __init__(self, document: Document, here: Definition, chosen: set[str]) -> None:
        self._document, self._here = document, here
        self._shapes = SymbolicShapes(document, here)
        self._taken = chosen
        required = [port.name for port in here.inputs if not port.optional]
        self._sure = presence(document, here, required, block_inputs)

    def input(self, source: PortRef, targets: list[PortRef], *, single: bool) -> Crossing:
        """What comes in from `source`; optional where it may turn out to be nothing."""
        return self._crossing(source, targets, self._input_name(source, targets, single=single))

    def output(self, source: PortRef, targets: list[PortRef], *, single: bool) -> Crossing:
        """What goes out from `source`."""
        logits = self._shapes.kind(source) == "logits"
        name = ("logits" if logits else "y") if single else f"{source.node}_{source.port}"
        return self._crossing(source, targets, name, out=True)

    def _input_name(self, source: PortRef, targets: list[PortRef], *, single: bool) -> str:
        if self._here.nodes[source.node].is_rail:
            return source.node
        ports = {target.port for target in targets}
        if len(ports) == 1:
            return next(iter(ports))
        return "x" if single else source.node

    def _crossing(self, source: PortRef, targets: list[PortRef], name: str, *, out: bool = False) -> Crossing:
        slug = names.fresh(name, self._taken)
        self._taken.add(slug)
        port = Port(
            name=slug,
            kind=self._kind(source, targets),
            shape=self._shapes.text(source),
            optional=not out and (source.node not in self._sure.nodes or source in self._sure.missing),
        )
        return Crossing(port=port, source=source, targets=tuple(targets))

    def _kind(self, source: PortRef, targets: Iterable[PortRef]) -> str:
        """What inference says, if that may be wired on both sides; else what the source declares."""
        inferred, declared = self._shapes.kind(source), self._declared(source, inward=False)
        wanted = [self._declared(target, inward=True) for target in targets]
        fits = kinds_fit(declared, inferred) and all(kinds_fit(inferred, kind) for kind in wanted)
        return inferred if fits else declared

    def _declared(self, ref: PortRef, *, inward: bool) -> str:
        found = node_signature(self._document, self._here.nodes[ref.node], ref.node)
        port = (found.input(ref.port) if inward else found.output(ref.port)) if found else None
        return port.kind if port else "any"


def check_whole(here: Definition, chosen: Collection[str]) -> None:
    """Refuse a selection that wires leave and come back to: as one block it would wait for itself.

    Raises:
        EditError: If so, with the blocks that are missing in it.
    """
    behind = _reached(chosen, lambda name: here.graph.successors(name))
    before = _reached(chosen, lambda name: here.graph.predecessors(name))
    between = [name for name in here.nodes if name in behind & before and name not in chosen]
    if between:
        listed = ", ".join(between[:5]) + (f" and {len(between) - 5} more" if len(between) > 5 else "")
        raise EditError(
            f"{listed} {'lies' if len(between) == 1 else 'lie'} between the selected blocks, so the group would "
            "have to wait for itself. Select what lies between as well."
        )


def _reached(start: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        for name in step(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
