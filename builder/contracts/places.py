"""From a step of the small copy to the place in the model: the node, its surroundings, and edits there."""

from __future__ import annotations

from collections.abc import Iterator

from builder import fixes, names
from builder.contracts.program import Step
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import INPUT, Document, PortRef, Wire
from builder.edits import AddNode, Batch, Connect, Edit, Rewire, SetSetting
from builder.rules.base import View
from builder.rules.habits import removal
from builder.surroundings import inner_scope, layer_settings
from builder.validate import look
from builder.values import known_scope
from engine.ports import kinds_fit
from engine.settings import Value


def where_of(step: Step, port: str = "", document: Document | None = None) -> Where:
    """The block of a step, or the wire into one of its ports."""
    definition, node = step.uses[-1]
    wire = document.definitions[definition].wire_into(PortRef(node, port)) if document and port else None
    return Where(definition=definition, node=node, port=port, wire=wire)


def view_at(specimen: Specimen, step: Step, depth: int = -1) -> View:
    """The definition around a step's block, with the settings it has there.

    Args:
        specimen: The model.
        step: The step.
        depth: Which of its uses; the innermost if not given.
    """
    document = specimen.document
    view = look(document, document.main, known_scope(document.main))
    inward = step.uses[:-1] if depth == -1 else step.uses[:depth]
    for (_, node), layer in zip(inward, specimen.original(step), strict=False):
        inner = document.definitions[view.definition.nodes[node].kind]
        own = layer_settings(view.around, node).get(layer) if layer is not None else None
        settings = own[0] if own else view.around.settings(node)
        view = look(document, inner, inner_scope(inner, settings), (*view.trail, (view, node)))
    return view


def set_there(specimen: Specimen, step: Step, name: str, value: Value) -> list[Fix]:
    """Give a setting of a step's block another value, where it comes from."""
    node = step.uses[-1][1]
    found = [_of_layer(specimen, step, name, value), fixes.set_at_origin(view_at(specimen, step), node, name, value)]
    return [fix for fix in found if fix]


def _of_layer(specimen: Specimen, step: Step, name: str, value: Value) -> Fix | None:
    """The same where the setting is that of one layer."""
    layers = specimen.original(step)
    for depth in reversed(range(len(step.uses))):
        definition, node = step.uses[depth]
        here, layer = specimen.document.definitions[definition].nodes[node], layers[depth]
        if layer is not None and name in here.overrides.get(layer, {}):
            edit = SetSetting(node=node, name=name, value=value, layer=layer, at=definition)
            return Fix(label=f"Set {name} of {node}, layer {layer}, to {value}", edit=edit)
        if depth < len(step.uses) - 1 and name not in here.settings:
            return None
    return None


def feeds(view: View, target: PortRef) -> Iterator[Fix]:
    """Other wires into a port, from whatever it may carry: first from what leads nowhere yet, then the nearest."""
    wanted = view.input(target)
    now, behind = view.definition.feeds.get(target), view.behind(target.node)
    sources = [
        PortRef(name, port.name)
        for name in reversed(view.around.order)
        for port in (view.outputs(name) if name not in behind else ())
        if wanted is not None and kinds_fit(port.kind, wanted.kind)
    ]
    for source in sorted(sources, key=lambda source: source in view.wired):
        if source != now:
            edit = Connect(source=source, target=target, replace=now is not None, at=view.name)
            yield Fix(label=f"Connect {source} to {target}", edit=edit)


def insert(
    view: View, wire: Wire, kind: str, settings: dict[str, Value], port: str, more: dict[str, str] | None = None
) -> Fix:
    """Put a block into a wire.

    Args:
        view: Where the wire is.
        wire: The wire.
        kind: The block.
        settings: Its settings.
        port: Its input that the wire's source feeds.
        more: Sources of its other inputs, as `node.port`.
    """
    from engine.blocks.spec import CATALOGUE

    nodes = view.definition.nodes
    a, b = nodes[wire.source.node], nodes[wire.target.node]
    name = names.fresh(kind, nodes)
    out = next(p.name for p in CATALOGUE[kind].outputs if not p.watch)
    add = AddNode(kind=kind, id=name, x=(a.x + b.x) / 2, y=(a.y + b.y) / 2 + 90, settings=settings, at=view.name)
    wires: list[Edit] = [
        Rewire(old=wire, source=wire.source, target=PortRef(name, port), at=view.name),
        Connect(source=PortRef(name, out), target=wire.target, at=view.name),
        *(Connect(source=PortRef.parse(s), target=PortRef(name, p), at=view.name) for p, s in (more or {}).items()),
    ]
    label = f"Put a {CATALOGUE[kind].title} block between"
    return Fix(label=label, edit=Batch(edits=(add, *wires), label=label))


def rails_behind(document: Document, definition: str, port: PortRef) -> set[str]:
    """The inputs of a definition that a port hangs on."""
    here = document.definitions[definition]
    seen, waiting, found = set[str](), [port], set[str]()
    while waiting:
        source = here.feeds.get(waiting.pop())
        if source is None or source.node in seen:
            continue
        seen.add(source.node)
        if here.nodes[source.node].kind == INPUT:
            found.add(source.node)
        waiting += [target for target in here.feeds if target.node == source.node]
    return found


def bypass(view: View, node: str) -> list[Fix]:
    """Take a node away and lead what came into it to where its results went."""
    found = removal(view, node)
    return [found] if found else []
