"""JSON values as a document. Blocks that nobody knows are kept, so that a file outlives an absent plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf

from builder import limits, names
from builder.document import INPUT, OUTPUT, Definition, Document, Node, PortRef, Promise, Symbol, Wire
from builder.encoding import TYPES
from builder.reading import Json
from builder.soundness import check
from builder.values import expression_problem, text_problem
from engine.errors import DocumentError, FileError
from engine.ports import KINDS, Port
from engine.registry import did_you_mean
from engine.settings import Setting, Value

_CODE = re.compile(r"C[0-9]{3}")
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*")


def decode(file: Json) -> Document:
    """The document that `builder.encoding.encode` wrote.

    Args:
        file: The whole file, without its `format`.

    Raises:
        FileError: If anything in it is not as it must be.
    """
    found = file.keys(("definitions",), ("name", "task", "root", "ties", "promises", "packages"))
    pieces = [_definition(name, value) for name, value in found["definitions"].entries(limits.MAX_DEFINITIONS)]
    document = Document(
        definitions={definition.name: definition for definition in pieces},
        root=found["root"].text() if "root" in found else "model",
        name=_text(found, "name", "untitled"),
        ties=tuple(_pair(tie) for tie in found["ties"].items(limits.MAX_TIES)) if "ties" in found else (),
        task=_text(found, "task"),
        promises=_promises(found),
        packages=_packages(found),
    )
    try:
        check(document)
    except DocumentError as error:
        raise FileError(str(error)) from None
    return document


def _packages(found: dict[str, Json]) -> dict[str, str]:
    packages: dict[str, str] = {}
    for kind, item in found["packages"].entries(limits.MAX_NODES) if "packages" in found else ():
        if problem := _kind_problem(kind):
            item.fail(problem)
        packages[kind] = item.said(_package_problem)
    return packages


def _promises(found: dict[str, Json]) -> tuple[Promise, ...]:
    promises: dict[str, Promise] = {}
    for item in found["promises"].items(limits.MAX_PROMISES) if "promises" in found else ():
        one = item.keys(("code",), ("kept", "why"))
        code = one["code"].text()
        if not _CODE.fullmatch(code) or code in promises:
            item.fail("each contract stands here once, by a code such as C001.")
        kept = one["kept"].flag() if "kept" in one else True
        promises[code] = Promise(code=code, kept=kept, why=_text(one, "why"))
    return tuple(promises.values())


def _definition(name: str, value: Json) -> Definition:
    if problem := names.problem(name) or (f"{name!r} is taken" if name in (INPUT, OUTPUT) else ""):
        value.fail(problem)
    found = value.keys(("nodes",), ("title", "about", "formula", "paper", "family", "symbols", "wires"))
    texts = {key: found[key].text(limits.MAX_TEXT) for key in ("about", "formula", "paper", "family") if key in found}
    definition = Definition.make(name, _text(found, "title"), symbols=_symbols(found), **texts)
    nodes: dict[str, Node] = {}
    for item in found["nodes"].items(limits.MAX_NODES):
        node_id, node = _node(item)
        if node_id in nodes:
            item.fail(f"there is a node {node_id!r} already. Give one of them another id.")
        nodes[node_id] = node
    return definition.redrawn(nodes, _wires(found, nodes))


def _symbols(found: dict[str, Json]) -> tuple[Symbol, ...]:
    known: dict[str, Symbol] = {}
    for item in found["symbols"].items(limits.MAX_SYMBOLS) if "symbols" in found else ():
        symbol = _symbol(item)
        if symbol.name in known:
            item.fail(f"there is a symbol {symbol.name!r} already. Give one of them another name.")
        known[symbol.name] = symbol
    return tuple(known.values())


def _symbol(value: Json) -> Symbol:
    found = value.keys(("name", "value"), ("type", "about", "low", "high", "unit", "choices"))
    kind = found["type"].said(_type_problem) if "type" in found else "int"
    choices = found["choices"].items(100) if "choices" in found else []
    setting = Setting(
        _text(found, "about", most=limits.MAX_TEXT),
        low=found["low"].number() if "low" in found else -inf,
        high=found["high"].number() if "high" in found else inf,
        unit=_text(found, "unit"),
        choices=tuple(choice.text() for choice in choices),
    )
    name = found["name"].said(names.problem)
    return Symbol(name=name, value=_setting(found["value"]), type=TYPES[kind], setting=setting)


def _node(value: Json) -> tuple[str, Node]:
    optional = ("settings", "port", "label", "uid", "repeat", "shared", "carry", "overrides", "x", "y")
    found = value.keys(("id", "kind"), optional)
    name, kind = found["id"].said(names.problem), found["kind"].said(_kind_problem)
    if (kind in (INPUT, OUTPUT)) != ("port" in found):
        value.fail("inputs and outputs have a `port`, and nothing else has. Add or remove it.")
    return name, Node(
        kind=kind,
        settings=_settings(found["settings"]) if "settings" in found else {},
        label=_text(found, "label"),
        x=found["x"].number(limits.MAX_POSITION) if "x" in found else 0,
        y=found["y"].number(limits.MAX_POSITION) if "y" in found else 0,
        uid=found["uid"].said(names.problem) if "uid" in found else "",
        repeat=_repeat(found["repeat"]) if "repeat" in found else None,
        carry=_pair(found["carry"]) if "carry" in found else None,
        shared=found["shared"].flag() if "shared" in found else False,
        overrides=_overrides(found["overrides"]) if "overrides" in found else {},
        port=_port(name, found["port"]) if "port" in found else None,
    )


def _port(name: str, value: Json) -> Port:
    found = value.keys((), ("kind", "shape", "optional", "watch", "about"))
    return Port(
        name=name,
        kind=found["kind"].said(_port_problem) if "kind" in found else "hidden",
        shape=found["shape"].said(_shape_problem) if "shape" in found else "B T d_model",
        optional=found["optional"].flag() if "optional" in found else False,
        watch=found["watch"].flag() if "watch" in found else False,
        about=_text(found, "about", most=limits.MAX_TEXT),
    )


def _settings(value: Json) -> dict[str, Value]:
    settings: dict[str, Value] = {}
    for name, item in value.entries(limits.MAX_SETTINGS):
        if not name.isidentifier() or len(name) > names.MAX_LENGTH:
            item.fail("this is no name of a setting. Use letters, digits and underscores.")
        settings[name] = _setting(item)
    return settings


def _setting(value: Json) -> Value:
    return value.said(text_problem) if isinstance(value.value, str) else value.setting()


def _overrides(value: Json) -> dict[int, dict[str, Value]]:
    layers: dict[int, dict[str, Value]] = {}
    for index, item in value.entries(limits.MAX_REPEAT):
        if not (index.isascii() and index.isdigit() and str(int(index[:9])) == index):
            item.fail("this is no index of a layer. Write a whole number from 0 on.")
        layers[int(index)] = _settings(item)
    return layers


def _repeat(value: Json) -> int | str:
    if isinstance(value.value, str):
        return value.said(expression_problem)
    return value.whole(1, limits.MAX_REPEAT)


def _wires(found: dict[str, Json], nodes: dict[str, Node]) -> Iterator[Wire]:
    fed: dict[PortRef, PortRef] = {}
    for item in found["wires"].items(limits.MAX_WIRES) if "wires" in found else ():
        source, target = (_ref(end, nodes) for end in _two(item))
        if target in fed:
            item.fail(f"{target} is fed by {fed[target]} already. Remove one of the two wires.")
        fed[target] = source
        yield Wire(source, target)


def _ref(value: Json, nodes: dict[str, Node]) -> PortRef:
    try:
        ref = PortRef.parse(value.text())
    except DocumentError as error:
        value.fail(str(error))
    if ref.node not in nodes:
        value.fail(f"there is no node {ref.node!r} here. {did_you_mean(ref.node, nodes)}")
    if not ref.port.isidentifier():
        value.fail(f"{ref.port!r} is no name of a port.")
    return ref


def _two(value: Json) -> list[Json]:
    items = value.items(2)
    if len(items) != 2:
        value.fail("these must be two.")
    return items


def _pair(value: Json) -> tuple[str, str]:
    first, second = _two(value)
    return first.text(), second.text()


def _text(found: dict[str, Json], key: str, default: str = "", most: int = limits.MAX_LABEL) -> str:
    return found[key].text(most) if key in found else default


def _shape_problem(text: str) -> str:
    dims = text.split()
    if " ".join(dims) != text:
        return "dimensions are parted by single spaces, such as `B T d_model`."
    return next((why for dim in dims[dims[:1] == ["..."] :] if (why := expression_problem(dim))), "")


def _kind_problem(text: str) -> str:
    return "" if _KIND.fullmatch(text) else f"{text[:60]!a} is no kind of a block. Write one such as `layer_norm`."


def _package_problem(text: str) -> str:
    return "" if _PACKAGE.fullmatch(text) else f"{text[:60]!a} is no name of a package, such as `stepwise-echo`."


def _port_problem(text: str) -> str:
    return "" if text in KINDS else f"no port carries {text[:60]!a}. {did_you_mean(text, KINDS)}"


def _type_problem(text: str) -> str:
    return "" if text in TYPES else f"{text[:60]!a} is no type. {did_you_mean(text, TYPES)}"
