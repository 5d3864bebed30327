"""Where a definition's symbols are used: in settings, repeats, shapes and other symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from builder.catalogue import Signature, is_literal, signature
from builder.document import Definition, Document, Node, Symbol
from builder.expressions import names_in, substituted
from engine.errors import EditError
from engine.settings import Value

Settings = Mapping[str, Value]


def users_of(document: Document, here: Definition, name: str) -> Iterator[str]:
    """Places inside `here` that use the symbol `name`: `d_ff`, `embed.d_model`, `blocks.repeat`."""
    for symbol in here.symbols:
        if not is_literal(symbol.field, symbol.value) and name in names_in(str(symbol.value)):
            yield symbol.name
    for node_id, node in here.nodes.items():
        found = signature(document, node.kind)
        for settings in (node.settings, *node.overrides.values()):
            yield from (f"{node_id}.{key}" for key, text in expressions(found, settings) if name in names_in(text))
        if isinstance(node.repeat, str) and name in names_in(node.repeat):
            yield f"{node_id}.repeat"
        if node.port and any(name in names_in(dim) for dim in node.port.shape.split()):
            yield f"the shape of {node_id}"


def with_symbol_renamed(document: Document, here: Definition, old: str, new: str) -> Definition:
    """`here` with the symbol `old` called `new` wherever it is used.

    Raises:
        EditError: If a setting would then mean one of its choices instead of the symbol.
    """
    symbols = [_symbol_renamed(symbol, old, new) for symbol in here.symbols]
    nodes = {
        node_id: _node_renamed(signature(document, node.kind), node_id, node, old, new)
        for node_id, node in here.nodes.items()
    }
    changed = {node_id: node for node_id, node in nodes.items() if node != here.nodes[node_id]}
    return here.with_symbols(symbols).with_nodes(changed)


def in_uses(document: Document, kind: str, change: Callable[[Settings], dict[str, Value]]) -> Document:
    """`document` with the settings of all uses of the definition `kind` changed."""
    for name, node_id in list(document.uses(kind)):
        here = document.definitions[name]
        node = here.nodes[node_id]
        overrides = {index: change(settings) for index, settings in node.overrides.items()}
        node = replace(node, settings=change(node.settings), overrides=overrides)
        document = document.with_definition(here.with_nodes({node_id: node}))
    return document


def expressions(found: Signature | None, settings: Settings) -> Iterator[tuple[str, str]]:
    """The settings that are expressions: name and text. Of a missing block every text is taken for one."""
    for key, value in settings.items():
        field = found.field(key) if found else None
        if isinstance(value, str) and not (field and is_literal(field, value)):
            yield key, value


def _symbol_renamed(symbol: Symbol, old: str, new: str) -> Symbol:
    value = symbol.value
    if not is_literal(symbol.field, value):
        value = substituted(str(value), {old: new})
    return replace(symbol, name=new if symbol.name == old else symbol.name, value=value)


def _node_renamed(found: Signature | None, name: str, node: Node, old: str, new: str) -> Node:
    for settings in (node.settings, *node.overrides.values()):
        for key, text in expressions(found, settings):
            field = found.field(key) if found else None
            becomes = substituted(text, {old: new})
            if field and becomes != text and is_literal(field, becomes):
                raise EditError(f"{new!r} is a choice of {name}.{key}, which uses {old!r}. Pick another name.")
    return rewritten(found, node, {old: new})


def rewritten(found: Signature | None, node: Node, values: Settings) -> Node:
    """`node` with other values or expressions in the place of symbols.

    Args:
        found: What it is; `None` for a missing block.
        node: The node.
        values: What symbols become; those that are not in it stay.
    """

    def change(settings: Settings) -> dict[str, Value]:
        return {**settings, **{key: substituted(text, values) for key, text in expressions(found, settings)}}

    overrides = {index: change(settings) for index, settings in node.overrides.items()}
    repeat = substituted(node.repeat, values) if isinstance(node.repeat, str) else node.repeat
    shape = " ".join(str(substituted(dim, values)) for dim in node.port.shape.split()) if node.port else ""
    port = node.port and replace(node.port, shape=shape)
    kept = repeat if repeat is None or isinstance(repeat, str) else int(repeat)
    return replace(node, settings=change(node.settings), overrides=overrides, repeat=kept, port=port)


def meaning(found: Signature, settings: Settings) -> dict[str, Value]:
    """What each symbol inside a composite is, in terms of the symbols around its use.

    Args:
        found: The composite.
        settings: Those of its use.
    """
    values: dict[str, Value] = {}
    for field in found.fields:
        default = field.default
        if not is_literal(field, default):
            default = substituted(str(default), values)
        values[field.name] = settings.get(field.name, default)
    return values
