"""What must hold in every document, whatever blocks there are; edits keep it, files are checked for it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from builder import limits
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, Node, PortRef, Symbol
from builder.expressions import names_in
from builder.paths import steps
from builder.values import scope
from engine.errors import DocumentError, ExpressionError, SettingError
from engine.registry import did_you_mean


def check(document: Document) -> None:
    """Refuse a document that cannot be drawn or edited.

    Raises:
        DocumentError: If it has no root, is too large, has wires in a circle or to a port that is not there,
            holds itself, has symbols in a circle, or ties that lead nowhere.
    """
    if document.root not in document.definitions:
        raise DocumentError(f"root: there is no definition {document.root[:60]!r}. {_hint(document)}")
    _check_size(document)
    check_nesting(document)
    for definition in document.definitions.values():
        definition.order()
        _check_symbols(definition)
        for name, node in definition.nodes.items():
            _check_node(document, definition, name, node)
        for wire in definition.wires:
            _check_end(document, definition, wire.source, inward=False)
            _check_end(document, definition, wire.target, inward=True)
    _check_ties(document)


def _hint(document: Document) -> str:
    return did_you_mean(document.root, document.definitions)


def _check_size(document: Document) -> None:
    nodes = sum(len(d.nodes) for d in document.definitions.values())
    if nodes > limits.MAX_NODES:
        raise DocumentError(f"definitions: there are {nodes} nodes; at most {limits.MAX_NODES} are allowed.")


def check_nesting(document: Document) -> None:
    """Refuse composites that hold themselves or are nested too deeply.

    Raises:
        DocumentError: If so.
    """
    known = document.definitions
    parts = {name: {n.kind for n in d.nodes.values()} & known.keys() for name, d in known.items()}
    try:
        order = list(TopologicalSorter(parts).static_order())
    except CycleError as error:
        circle = " in ".join(error.args[1])
        raise DocumentError(f"definitions: a composite cannot hold itself ({circle}). Remove one use.") from None
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = 1 + max((depth[part] for part in parts[name]), default=0)
        if depth[name] > limits.MAX_DEPTH:
            raise DocumentError(
                f"definitions.{name}: composites are nested {depth[name]} deep; at most {limits.MAX_DEPTH}."
            )


def _check_symbols(definition: Definition) -> None:
    place, before = f"definitions.{definition.name}.symbols", set[str]()
    for symbol in definition.symbols:
        later = _names(symbol) - before
        if later:
            name = min(later)
            raise DocumentError(
                f"{place}: {symbol.name} = {symbol.value!r} uses {name!r}, "
                "which is not declared before it. Declare it earlier, or write a number."
            )
        before.add(symbol.name)
    try:
        scope(definition)
    except (ExpressionError, SettingError) as error:
        raise DocumentError(f"{place}: {error}") from None


def _names(symbol: Symbol) -> set[str]:
    if symbol.type is str or not isinstance(symbol.value, str):
        return set()
    return names_in(symbol.value)


def _check_node(document: Document, here: Definition, name: str, node: Node) -> None:
    where = f"definitions.{here.name}.nodes: {name}"
    inner = document.definitions.get(node.kind)
    if inner is None:
        if node.kind in (INPUT, OUTPUT) and (node.settings or node.repeat is not None):
            raise DocumentError(f"{where} is an end of the definition, which has no settings. Remove them.")
        return
    known = [symbol.name for symbol in inner.symbols]
    for setting in (*node.settings, *(key for layer in node.overrides.values() for key in layer)):
        if setting not in known:
            raise DocumentError(f"{where} has no setting {setting!r}. {did_you_mean(setting, known)}")
    for port, ports in zip(node.carry or (), (inner.inputs, inner.outputs), strict=False):
        if port not in (names := [p.name for p in ports]):
            raise DocumentError(f"{where} cannot carry {port!r}. {did_you_mean(port, names)}")


def _check_end(document: Document, here: Definition, ref: PortRef, *, inward: bool) -> None:
    node = here.nodes[ref.node]
    if node.is_rail:
        known = [RAIL_PORT] if (node.kind == OUTPUT) == inward else []
    elif node.kind in document.definitions:
        inner = document.definitions[node.kind]
        known = [port.name for port in (inner.inputs if inward else inner.outputs)]
    else:
        return
    if ref.port not in known:
        side = "input" if inward else "output"
        raise DocumentError(
            f"definitions.{here.name}.wires: {ref.node} has no {side} port {ref.port!r}. "
            f"{did_you_mean(ref.port, known)}"
        )


def _check_ties(document: Document) -> None:
    for index, tie in enumerate(document.ties):
        for path in tie:
            try:
                steps(document, path)
            except DocumentError as error:
                raise DocumentError(f"ties[{index}]: {error}") from None
