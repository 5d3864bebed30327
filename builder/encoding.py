"""A document as JSON values, with keys in a fixed order and defaults left out."""

from __future__ import annotations

from builder.document import Definition, Document, Node, Promise, Symbol
from engine.plugins import package_of
from engine.ports import Port
from engine.settings import Setting

TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "text": str}
_TYPE_NAMES = {kind: name for name, kind in TYPES.items()}
_PLAIN_NODE, _PLAIN_PORT, _PLAIN_SETTING = Node(kind="x"), Port(name="x"), Setting("")
_PLAIN_DEFINITION = Definition.make("x")


def encode(document: Document) -> dict[str, object]:
    """All of `document`; `builder.decoding.decode` reads it."""
    return {
        "name": document.name,
        **({"task": document.task} if document.task else {}),
        "root": document.root,
        **({"promises": [_promise(promise) for promise in document.promises]} if document.promises else {}),
        **({"packages": packages} if (packages := _packages(document)) else {}),
        **({"ties": [list(tie) for tie in document.ties]} if document.ties else {}),
        "definitions": {name: _definition(d) for name, d in document.definitions.items()},
    }


def _packages(document: Document) -> dict[str, str]:
    """The package of each kind in use that a plugin brings, as we know it or as it was remembered."""
    kinds = sorted({node.kind for d in document.definitions.values() for node in d.nodes.values()})
    found = {kind: package_of(kind) or document.packages.get(kind, "") for kind in kinds}
    return {kind: package for kind, package in found.items() if package}


def _promise(promise: Promise) -> dict[str, object]:
    return {"code": promise.code, "kept": promise.kept, "why": promise.why}


def _definition(definition: Definition) -> dict[str, object]:
    texts = _changed(definition, _PLAIN_DEFINITION, "about", "formula", "paper", "family")
    return {
        "title": definition.title,
        **texts,
        "symbols": [_symbol(symbol) for symbol in definition.symbols],
        "nodes": [_node(name, node) for name, node in definition.nodes.items()],
        "wires": [[str(wire.source), str(wire.target)] for wire in definition.wires],
    }


def _symbol(symbol: Symbol) -> dict[str, object]:
    setting = _changed(symbol.setting, _PLAIN_SETTING, "about", "low", "high", "unit")
    choices = {"choices": list(symbol.setting.choices)} if symbol.setting.choices else {}
    kind = _TYPE_NAMES[symbol.type]
    return {"name": symbol.name, "type": kind, "value": symbol.value, **setting, **choices}


def _node(name: str, node: Node) -> dict[str, object]:
    found: dict[str, object] = {"id": name, "kind": node.kind}
    if node.settings:
        found["settings"] = dict(node.settings)
    if node.port:
        found["port"] = _changed(node.port, _PLAIN_PORT, "kind", "shape", "optional", "watch", "about")
    found |= _changed(node, _PLAIN_NODE, "label", "uid", "repeat", "shared")
    if node.carry:
        found["carry"] = list(node.carry)
    if node.overrides:
        found["overrides"] = {str(index): dict(layer) for index, layer in node.overrides.items()}
    return {**found, "x": node.x, "y": node.y}


def _changed(thing: object, plain: object, *names: str) -> dict[str, object]:
    pairs = ((name, getattr(thing, name), getattr(plain, name)) for name in names)
    return {name: value for name, value, default in pairs if value != default}
