"""The open definition as plain data for the canvas, and the difference between two such pictures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.catalogue import Signature, resolve_settings, signature
from builder.diagnostics import Diagnostic, Report
from builder.document import INPUT, RAIL_PORT, Definition, Document, Node, PortRef, Wire
from builder.edits.adapters import has_adapter, takes_adapter
from builder.edits.draw_out import CORE
from builder.expressions import evaluate
from builder.storage import tied_blocks
from engine.errors import StepwiseError
from engine.ports import Port
from engine.settings import Value
from views.captions import caption, family_token, tied

Item = dict[str, Any]
_ABSENT = object()


@dataclass(frozen=True)
class Scene:
    """What the canvas shows: nodes and edges by id, as the browser gets them."""

    nodes: Mapping[str, Item] = field(default_factory=dict)
    edges: Mapping[str, Item] = field(default_factory=dict)

    def as_dict(self) -> dict[str, list[Item]]:
        """The whole picture as one message."""
        return {"nodes": list(self.nodes.values()), "edges": list(self.edges.values())}


def scene(document: Document, here: Definition, scope: Mapping[str, Value], report: Report) -> Scene:
    """Draw the definition `here`.

    Args:
        document: The model it belongs to.
        here: The open definition.
        scope: Values of its symbols.
        report: What the last check found.
    """
    shapes = report.shapes.get(here.name, {})
    problems = _problems_by_place(report.diagnostics, here)
    inside = problems_inside(document, report.diagnostics)
    uses = Counter(node.kind for part in document.definitions.values() for node in part.nodes.values())
    nodes = {
        name: _node(document, name, node, scope, shapes, problems.get(name, []), inside.get(node.kind, 0))
        for name, node in here.nodes.items()
    }
    for name, node in here.nodes.items():
        nodes[name]["does"] = _particular(node, node.kind in document.definitions and uses[node.kind] > 1)
    for name in tied_blocks(document, here.name):
        nodes[name]["caption"] = tied(nodes[name]["caption"])
    _add_ends_of_missing(nodes, here.wires)
    _settle_kinds(nodes, report.kinds.get(here.name, {}))
    kinds = {PortRef(name, port["id"]): port["kind"] for name, item in nodes.items() for port in item["outputs"]}
    edges = {
        str(wire): _edge(wire, kinds.get(wire.source, "any"), shapes, problems.get(str(wire), []))
        for wire in here.wires
    }
    return Scene(nodes, edges)


def difference(old: Scene, new: Scene) -> list[Item]:
    """The operations that turn the picture `old` into `new`; of what is drawn already, only the keys that differ."""
    ops: list[Item] = [{"op": "drop_edge", "id": name} for name in old.edges if name not in new.edges]
    ops += [{"op": "drop_node", "id": name} for name in old.nodes if name not in new.nodes]
    ops += [{"op": "node", "node": item} for item in _news(old.nodes, new.nodes)]
    ops += [{"op": "edge", "edge": item} for item in _news(old.edges, new.edges)]
    return ops


def _news(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[Item]:
    """What is new or differs: its id and the keys that do."""
    for name, item in new.items():
        before = old.get(name, {})
        if before != item:
            yield {"id": name} | {key: value for key, value in item.items() if before.get(key, _ABSENT) != value}


def _problems_by_place(found: Iterable[Diagnostic], here: Definition) -> dict[str, list[Diagnostic]]:
    """Problems of this definition by node id, or by wire where a wire is to blame."""
    places: dict[str, list[Diagnostic]] = defaultdict(list)
    for problem in found:
        where = problem.where
        if where.definition == here.name:
            places[str(where.wire) if where.wire else where.node].append(problem)
    return places


def problems_inside(document: Document, found: Iterable[Diagnostic]) -> dict[str, int]:
    """Number of errors in each definition and in all that it uses."""
    own: dict[str, int] = defaultdict(int)
    for problem in found:
        own[problem.where.definition] += problem.severity == "error"
    if not any(own.values()):
        return {}

    users: dict[str, set[str]] = defaultdict(set)
    for definition in document.definitions.values():
        for node in definition.nodes.values():
            users[node.kind].add(definition.name)
    totals = dict.fromkeys(document.definitions, 0)
    for name, count in own.items():
        for above in _reached(name, users) if count else ():
            totals[above] += count
    return totals


def _reached(name: str, users: Mapping[str, set[str]]) -> list[str]:
    """A definition and all that use it, directly or not, each once."""
    found, waiting = {name}, [name]
    for here in waiting:
        news = users.get(here, set()) - found
        found |= news
        waiting += news
    return waiting


def _node(
    document: Document,
    name: str,
    node: Node,
    scope: Mapping[str, Value],
    shapes: Mapping[PortRef, str],
    problems: list[Diagnostic],
    inside: int,
) -> Item:
    kind = signature(document, node.kind)
    look = _rail(name, node) if node.is_rail else _block(node, kind, scope)
    look |= _told(problems)
    if inside and not look["error"]:
        look |= {"error": f"{inside} {'problem' if inside == 1 else 'problems'} inside. Open it to see.", "warn": ""}
    for side in ("inputs", "outputs"):
        for port in look[side]:
            port["shape"] = shapes.get(PortRef(name, port["id"]), port["shape"])
    return {"id": name, "x": node.x, "y": node.y, **look}


def _particular(node: Node, shared: bool) -> str:
    """Commands that only some blocks allow, by id."""
    can = {
        "draw-out": node.kind == CORE,
        "independent": shared,
        "add-adapter": takes_adapter(node),
        "remove-adapter": has_adapter(node),
    }
    return " ".join(name for name, possible in can.items() if possible)


def _add_ends_of_missing(nodes: Mapping[str, Item], wires: Iterable[Wire]) -> None:
    """Give blocks that are not installed the ports their wires name, so that the wires are drawn."""
    for wire in wires:
        for end, side in ((wire.source, "outputs"), (wire.target, "inputs")):
            item = nodes[end.node]
            if item["role"] == "missing" and all(port["id"] != end.port for port in item[side]):
                item[side].append(_port(Port(name=end.port, kind="any", shape="")))


def _settle_kinds(nodes: Mapping[str, Item], kinds: Mapping[PortRef, str]) -> None:
    """Say what ports of kind `any` carry: outputs become that kind, inputs keep taking anything."""
    for name, item in nodes.items():
        for port in item["outputs"]:
            port["kind"] = kinds.get(PortRef(name, port["id"]), port["kind"])
        for port in item["inputs"]:
            carried = kinds.get(PortRef(name, port["id"]), port["kind"])
            if carried != port["kind"]:
                port["carries"] = carried


def _rail(name: str, node: Node) -> Item:
    port = node.port or Port(name=name)
    end = [_port(Port(name=RAIL_PORT, kind=port.kind, shape=port.shape, optional=port.optional))]
    into = node.kind == INPUT
    return {
        **_BLANK,
        "role": node.kind,
        "title": node.label or name,
        "note": "optional" if port.optional else "",
        "inputs": [] if into else end,
        "outputs": end if into else [],
    }


_BLANK: Item = {
    "note": "",
    "family": "muted",
    "caption": "",
    "times": "",
    "opens": False,
    "error": "",
    "warn": "",
    "fix": "",
}


def _block(node: Node, kind: Signature | None, scope: Mapping[str, Value]) -> Item:
    if kind is None:
        about = {"role": "missing", "title": node.label or node.kind, "note": "missing"}
        return {**_BLANK, **about, "inputs": [], "outputs": []}
    try:
        text = caption(kind, resolve_settings(node, kind, scope))
    except StepwiseError:
        text = ""
    return {
        **_BLANK,
        "role": "block",
        "title": node.label or kind.title,
        "family": family_token(kind.family),
        "caption": text,
        "times": times(node, scope),
        "opens": kind.composite,
        "inputs": [_port(port) for port in kind.inputs],
        "outputs": [_port(port) for port in kind.outputs],
    }


def times(node: Node, scope: Mapping[str, Value]) -> str:
    """`×4` for a repeated node, else nothing; the expression itself where it has no value."""
    if node.repeat is None:
        return ""
    try:
        return f"×{evaluate(str(node.repeat), scope)}"
    except StepwiseError:
        return f"×{node.repeat}"


def _port(port: Port) -> Item:
    return {
        "id": port.name,
        "kind": port.kind,
        "shape": "" if ";" in port.shape else port.shape,  # cases are settled by what comes in
        "optional": port.optional,
        "watch": port.watch,
    }


def _edge(wire: Wire, kind: str, shapes: Mapping[PortRef, str], problems: list[Diagnostic]) -> Item:
    return {
        "id": str(wire),
        "source": wire.source.node,
        "sourcePort": wire.source.port,
        "target": wire.target.node,
        "targetPort": wire.target.port,
        "kind": kind,
        "shape": shapes.get(wire.source, ""),
        **_told(problems),
    }


def _told(problems: list[Diagnostic]) -> dict[str, str]:
    """What is said at one place: its first error, or its first warning where nothing is wrong, and a fix."""
    errors = [problem for problem in problems if problem.severity == "error"]
    first = next(iter(errors or problems), None)
    return {
        "error": first.message if first and errors else "",
        "warn": first.message if first and not errors else "",
        "fix": next((p.fixes[0].label for p in errors or problems if p.fixes), ""),
    }
