"""Rules about nodes and wires: what must be wired, and to what."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from builder import names, rewiring
from builder.diagnostics import Fix, Where
from builder.document import INPUT, OUTPUT, RAIL_PORT, PortRef, Wire
from builder.edits import Remove, Rename, SetPort
from builder.rules.base import Finding, View, rule
from engine.registry import did_you_mean

MOST_OFFERS = 20  # a definition with more open inputs is being built: looking for sources would only cost time


@rule(
    "R001",
    "Input without a wire",
    why="A block cannot compute without its required inputs.",
)
def unwired_input(view: View) -> Iterator[Finding]:
    """A required input has no wire."""
    for count, port in enumerate(_open(view, rails=False)):
        yield _unfed(view, port, f"{port} has no wire.", offer=count < MOST_OFFERS)


@rule(
    "R006",
    "Output without a source",
    why="An output of the model or of a composite hands on what is wired to it.",
)
def unfed_output(view: View) -> Iterator[Finding]:
    """An output of a definition has no wire."""
    for port in _open(view, rails=True):
        yield _unfed(view, port, f"The output {port.node} has no source.", offer=True)


def _open(view: View, *, rails: bool) -> Iterator[PortRef]:
    feeds = view.around.feeds
    for name, node in view.definition.nodes.items():
        if node.is_rail == rails:
            for port in view.inputs(name):
                at = PortRef(name, port.name)
                if at not in feeds and (rails or not port.optional):
                    yield at


def _unfed(view: View, port: PortRef, what: str, *, offer: bool) -> Finding:
    mend = rewiring.feed(view, port) if offer else None
    kind = next(p.kind for p in view.inputs(port.node) if p.name == port.port)
    how = f"{mend.label}." if mend else f"Wire a port that carries {kind} to it."
    where = Where(definition=view.name, node=port.node, port=port.port)
    return Finding(message=f"{what} {how}", where=where, fixes=(mend,) if mend else ())


@rule(
    "R002",
    "Block is missing",
    why="A graph may come from someone with more blocks installed; it is kept, but cannot run here.",
)
def missing_block(view: View) -> Iterator[Finding]:
    """A node's kind is neither a block nor a composite."""
    for name, node in view.definition.nodes.items():
        if view.around.signatures[name] is None:
            hint = did_you_mean(node.kind, _kinds(view))
            package = view.document.packages.get(node.kind)
            if package:
                hint = f"It came with the package {package!r}. Install that, or remove the block."
            elif not hint.startswith("Did"):
                hint = "Install the plugin that brings it, or remove it."
            text = f"{name} is a block of kind {node.kind!r}, which is not installed. {hint}"
            yield Finding(message=text, where=view.where(name), fixes=(rewiring.remove_node(view, name),))


def _kinds(view: View) -> list[str]:
    from engine.blocks.spec import CATALOGUE

    return [*view.document.definitions, *CATALOGUE]


@rule(
    "R005",
    "Block leads nowhere",
    why="What reaches no output is computed for nothing and learns nothing.",
    severity="warning",
)
def dead_block(view: View) -> Iterator[Finding]:
    """No wires lead from a block to an output."""
    nodes = view.definition.nodes
    if not any(node.kind == OUTPUT for node in nodes.values()):
        return
    for name, node in nodes.items():
        if not node.is_rail and name not in view.useful:
            text = f"{name} leads to no output, so it changes nothing. Wire it on, or remove it."
            yield Finding(message=text, where=view.where(name), fixes=(rewiring.remove_node(view, name),))


@rule(
    "R008",
    "Input is not used",
    why="A model that does not look at one of its inputs answers without it.",
    severity="warning",
)
def unused_input(view: View) -> Iterator[Finding]:
    """Nothing is wired to an input of a definition."""
    for name, node in view.definition.nodes.items():
        if node.kind == INPUT and PortRef(name, RAIL_PORT) not in view.wired:
            text = f"The input {name} is not used. Wire it to a block, or remove it."
            yield Finding(message=text, where=view.where(name), fixes=(rewiring.remove_node(view, name),))


@rule(
    "R009",
    "Wires form a circle",
    why="A value cannot depend on itself; layers in a row are made by repeating a composite.",
)
def circle(view: View) -> Iterator[Finding]:
    """Wires lead from a node back to itself."""
    if not view.around.in_circles:
        return
    *_, (source, target, (out, into)) = nx.find_cycle(view.definition.graph)
    wire = Wire(PortRef(source, out), PortRef(target, into))
    where = Where(definition=view.name, node=target, port=into, wire=wire)
    text = f"The wire from {wire.source} to {wire.target} closes a circle. Remove it, and repeat a composite instead."
    yield Finding(message=text, where=where, fixes=(rewiring.remove_wire(view, wire),))


@rule(
    "R010",
    "Composite holds itself",
    why="A composite that contains itself would never end.",
)
def recursion(view: View) -> Iterator[Finding]:
    """A composite is used inside itself."""
    above = {view.name, *(outer.name for outer, _ in view.trail)}
    for name, node in view.definition.nodes.items():
        if node.kind in above:
            text = f"{name} is a {node.kind!r} inside itself. Remove it, and use repeat for several layers."
            yield Finding(message=text, where=view.where(name), fixes=(rewiring.remove_node(view, name),))


@rule(
    "R011",
    "Id cannot be used",
    why="Ids become the names of submodules and parameters, and must be names of Python that are still free.",
)
def bad_id(view: View) -> Iterator[Finding]:
    """A node's id is no identifier, or means something in Python or PyTorch."""
    for name in view.definition.nodes:
        if reason := names.problem(name):
            new = names.fresh(name, view.definition.nodes)
            mend = Fix(label=f"Rename to {new}", edit=Rename(node=name, new=new, at=view.name))
            yield Finding(message=reason, where=view.where(name), fixes=(mend,))


@rule(
    "R019",
    "Needs what may be left out",
    why="An optional input of the model may be left out when it is called; then a block that needs it fails.",
    once=True,
)
def needs_optional(view: View) -> Iterator[Finding]:
    """An optional input of the model is wired to a port that is required."""
    for wire in view.definition.wires:
        port = view.input(wire.target)
        end = _may_be_missing(view, wire.source.node) if port and not port.optional else ""
        if end:
            root = view.trail[0][0].name if view.trail else view.name
            mend = Fix(label=f"Require {end}", edit=SetPort(node=end, optional=False, at=root))
            text = f"{wire.target} cannot do without the input {end}, which is optional. {mend.label}."
            yield Finding(message=text, where=view.where(wire.target.node, wire.target.port), fixes=(mend,))


def _may_be_missing(view: View, name: str) -> str:
    """The optional input of the model that an input of a definition comes from; empty if there is none."""
    if view.definition.nodes[name].kind != INPUT:
        return ""
    if not view.trail:
        return name if view.around.end(name).optional else ""
    outer, use = view.trail[-1]
    source = outer.around.feeds.get(PortRef(use, name))
    return _may_be_missing(outer, source.node) if source else ""


@rule(
    "R015",
    "Wire ends at no port",
    why="The block may have changed since the wire was drawn; a wire needs a port at both ends.",
)
def loose_wire(view: View) -> Iterator[Finding]:
    """A wire's port does not exist, or can only be looked at."""
    known = view.around.signatures
    for wire in view.definition.wires:
        if known[wire.source.node] and view.output(wire.source) is None:
            yield _loose(view, wire, wire.source, [port.name for port in view.outputs(wire.source.node)])
        elif known[wire.target.node] and view.input(wire.target) is None:
            yield _loose(view, wire, wire.target, [port.name for port in view.inputs(wire.target.node)])


def _loose(view: View, wire: Wire, end: PortRef, known: list[str]) -> Finding:
    where = Where(definition=view.name, node=end.node, port=end.port, wire=wire)
    text = f"{end.node} has no port {end.port!r} to wire. {did_you_mean(end.port, known)}"
    mend = Fix(label="Remove the wire", edit=Remove(wires=(wire,), at=view.name))
    return Finding(message=text, where=where, fixes=(mend,))


@rule(
    "R016",
    "Two wires into one port",
    why="An input takes one value; two are joined by a block that says how.",
)
def doubled_wire(view: View) -> Iterator[Finding]:
    """More than one wire ends at a port."""
    seen: dict[PortRef, Wire] = {}
    for wire in view.definition.wires:
        if wire.target in seen:
            first = seen[wire.target].source
            text = f"{wire.target} is fed by {first} and by {wire.source}. Remove one, or add them up."
            where = Where(definition=view.name, node=wire.target.node, port=wire.target.port, wire=wire)
            yield Finding(message=text, where=where, fixes=(rewiring.remove_wire(view, wire),))
        seen[wire.target] = wire
