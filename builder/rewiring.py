"""Edits that mend problems by other wires, blocks between, and further inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from builder import dims, library, names
from builder.diagnostics import Fix
from builder.document import INPUT, OUTPUT, RAIL_PORT, PortRef, Wire
from builder.edits import AddNode, AddRail, Batch, Connect, Remove, Rewire
from builder.surroundings import interned
from engine.ports import kinds_fit
from engine.settings import Value

if TYPE_CHECKING:
    from builder.dims import Dim
    from builder.rules.base import View
    from builder.shapes import Clash

ADAPTER = "linear"


def adapter(view: View, wire: Wire, clash: Clash) -> Fix | None:
    """Put a linear block into a wire whose last dimension has the wrong size."""
    given, wanted = clash.carried, clash.wanted
    if wanted is None or len(given) != len(wanted) or not given or not _carries_numbers(view, wire.source):
        return None
    if not all(dims.agree(a, b) for a, b in zip(given[:-1], wanted[:-1], strict=True)):
        return None
    d_in, d_out = given[-1].value, wanted[-1].value
    if d_in is None or d_out is None:
        return None
    return between(view, wire, ADAPTER, {"d_in": d_in, "d_out": d_out})


def _carries_numbers(view: View, source: PortRef) -> bool:
    return view.found.kinds.get(source) not in ("ids", "mask")


def between(view: View, wire: Wire, kind: str, settings: dict[str, Value]) -> Fix | None:
    """Put a block with one input and one output into a wire; `None` if it cannot stand there."""
    found = interned(view.document, kind)
    alone = sum(other.target == wire.target for other in view.definition.wires) == 1
    if found is None or view.output(wire.source) is None or not alone:
        return None
    ports = [p for p in found.inputs if not p.optional], [p for p in found.outputs if not p.watch]
    if len(ports[0]) != 1 or not ports[1]:
        return None
    nodes = view.definition.nodes
    a, b = nodes[wire.source.node], nodes[wire.target.node]
    name = names.fresh(kind, nodes)
    add = AddNode(kind=kind, id=name, x=(a.x + b.x) / 2, y=(a.y + b.y) / 2 + 90, settings=settings, at=view.name)
    first = Rewire(old=wire, source=wire.source, target=PortRef(name, ports[0][0].name), at=view.name)
    second = Connect(source=PortRef(name, ports[1][0].name), target=wire.target, at=view.name)
    label = f"Put a {found.title} block between"
    return Fix(label=label, edit=Batch(edits=(add, first, second), label=label))


def bridge(view: View, wire: Wire, given: str, wanted: str) -> Fix | None:
    """Put the block into a wire that turns one kind of value into another."""
    kind = library.bridge(given, wanted)
    return between(view, wire, kind, {}) if kind else None


def remove_wire(view: View, wire: Wire) -> Fix:
    """Take a wire away."""
    return Fix(label="Remove the wire", edit=Remove(wires=(wire,), at=view.name))


def remove_node(view: View, node: str) -> Fix:
    """Take a node away."""
    return Fix(label=f"Remove {node}", edit=Remove(nodes=(node,), at=view.name))


def feed(view: View, target: PortRef) -> Fix | None:
    """Wire an input from the only output that fits it, or from a new input of the definition."""
    sources = list(fitting_sources(view, target))
    loose = [source for source in sources if source not in view.wired]
    for few in (loose, sources):
        if len(few) == 1:
            label = f"Connect {few[0]}"
            return Fix(label=label, edit=Connect(source=few[0], target=target, at=view.name))
    return None if sources or view.definition.nodes[target.node].is_rail else new_input(view, target)


def fitting_sources(view: View, target: PortRef) -> Iterator[PortRef]:
    """Outputs of the definition whose kind and shape fit an input, and that do not come after it."""
    wanted = next(port for port in view.inputs(target.node) if port.name == target.port)
    declared, settings = dims.pattern(wanted.shape), view.around.settings(target.node)
    if view.definition.nodes[target.node].is_rail:
        settings = {**view.around.scope}
    behind, letters = view.behind(target.node), view.found.letters.get(target.node, {})
    for name in view.definition.nodes:
        for port in view.outputs(name) if name not in behind else ():
            at = PortRef(name, port.name)
            shape = view.found.shapes.get(at)
            if not kinds_fit(port.kind, wanted.kind):
                continue
            if shape is None or dims.match(declared, shape, {**letters}, settings):
                yield at


def new_input(view: View, target: PortRef) -> Fix | None:
    """Give the definition a further input for a port that nothing inside can feed."""
    wanted = next(port for port in view.inputs(target.node) if port.name == target.port)
    shape = view.found.shapes.get(target)
    if view.is_root and wanted.kind not in ("ids", "mask", "pixels"):
        return None  # a model takes tokens or images, not vectors
    if wanted.kind == "any" or shape is None or any(len(dim.names) > 1 or dim.divisor > 1 for dim in shape):
        return None
    declared = wanted.shape.split()
    before = declared if len(declared) == len(shape) else [""] * len(shape)
    words = " ".join(word(view, dim, text) for dim, text in zip(shape, before, strict=True))
    taken = view.definition.nodes
    called = names.fresh({"ids": "tokens", "mask": "padding"}.get(wanted.kind, target.port), taken)
    x, y = taken[target.node].x - 220, taken[target.node].y
    add = AddRail(side=INPUT, id=called, kind=wanted.kind, shape=words, x=x, y=y, at=view.name)
    wire = Connect(source=PortRef(called, RAIL_PORT), target=target, at=view.name)
    label = f"Add an input {called}"
    return Fix(label=label, edit=Batch(edits=(add, wire), label=label))


def new_output(view: View) -> Fix:
    """Give the definition an output, wired to the last block that leads nowhere."""
    loose = [
        PortRef(name, port.name)
        for name in view.around.order
        for port in view.outputs(name)
        if not view.definition.nodes[name].is_rail and PortRef(name, port.name) not in view.wired
    ]
    source = next((s for s in loose if view.found.kinds.get(s) == "logits"), loose[-1] if loose else None)
    nodes = view.definition.nodes
    x = max((node.x for node in nodes.values()), default=0) + 220
    if source is None:
        return Fix(label="Add an output", edit=AddRail(side=OUTPUT, x=x, at=view.name))
    kind = next(port.kind for port in view.outputs(source.node) if port.name == source.port)
    kind = view.found.kinds.get(source, kind)
    shape = view.found.shapes.get(source)
    called = names.fresh("logits" if kind == "logits" else "y", nodes)
    words = " ".join(word(view, dim, "") for dim in shape) if shape and all(d.known for d in shape) else "..."
    add = AddRail(side=OUTPUT, id=called, kind=kind, shape=words, x=x, y=nodes[source.node].y, at=view.name)
    wire = Connect(source=source, target=PortRef(called, RAIL_PORT), at=view.name)
    return Fix(label=f"Add an output {called}", edit=Batch(edits=(add, wire), label=f"Add output {called}"))


def word(view: View, dim: Dim, before: str) -> str:
    """A size as a declared shape says it: a symbol where one has that name or value."""
    scope = view.around.scope
    if dim.value is None:
        return str(dim)
    if before in scope and scope[before] == dim.value:
        return before
    fitting = [name for name in ("d_model", "vocab_size", "n_classes") if scope.get(name) == dim.value]
    return fitting[0] if fitting else str(dim)
