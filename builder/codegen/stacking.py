"""How a composite is built: its arguments, and the list of its layers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from builder.codegen import tree, values
from builder.codegen.text import WIDTH
from builder.document import Node
from engine.settings import Field, Value

Arguments = Mapping[str, str]
INDEX = "layer_index"
_INDENT = " " * 8


def arguments(
    node: Node, fields: Iterable[Field], wanted: Iterable[str], symbol: Callable[[str], ast.expr]
) -> dict[int, Arguments]:
    """What a composite's constructor gets, by the index of each layer that differs; -1 for all others.

    Args:
        node: The use.
        fields: The composite's settings.
        wanted: Those that its class takes.
        symbol: A symbol around the node as an expression.
    """
    fields, own = list(fields), node.overrides if node.repeat is not None else {}
    if node.shared:
        node = replace(node, settings={**node.settings, **own.get(0, {})})
        own = {}
    base = _of_layer(node.settings, fields, wanted, symbol)
    found = {-1: base}
    for index in sorted(own):
        layer = _of_layer({**node.settings, **own[index]}, fields, wanted, symbol)
        if layer != base:
            found[index] = layer
    return found


def _of_layer(
    settings: Mapping[str, Value], fields: Iterable[Field], wanted: Iterable[str], symbol: Callable[[str], ast.expr]
) -> Arguments:
    inner: dict[str, ast.expr] = {}
    wanted = list(wanted)
    lazy = {field.name: values.read(field, settings.get(field.name, field.default)) for field in fields}

    def found(name: str) -> ast.expr:
        if name not in inner:
            inner[name] = values.substituted(lazy[name], symbol if name in settings else found)
        return inner[name]

    return {name: values.source(found(name)) for name in wanted}


def built(name: str, layers: Mapping[int, Arguments]) -> tree.Call:
    """The call that builds one layer."""
    given = chosen(layers)
    if all(text.rpartition(".")[2] == key for key, text in given.items()):
        return tree.Call(name, tuple(given.values()))
    return tree.Call(name, tuple(given.items()))


def chosen(layers: Mapping[int, Arguments]) -> Arguments:
    """The arguments of a layer, as expressions over its index where layers differ."""
    others = {index: layer for index, layer in layers.items() if index >= 0}
    return {key: _choice(key, text, others) for key, text in layers[-1].items()}


def _choice(key: str, base: str, others: Mapping[int, Arguments]) -> str:
    different = {index: layer[key] for index, layer in others.items() if layer[key] != base}
    if not different:
        return base
    if len(different) == 1:
        ((index, text),) = different.items()
        return f"{text} if {INDEX} == {index} else {base}"
    table = ", ".join(f"{index}: {text}" for index, text in different.items())
    return f"{{{table}}}.get({INDEX}, {base})"


def listed(before: str, name: str, layers: Mapping[int, Arguments], count: str, *, shared: bool) -> list[str]:
    """The statement that builds a list of layers; its lines have no indent.

    Args:
        before: What it is assigned to.
        name: The class.
        layers: What `arguments` gave.
        count: How many.
        shared: Whether they are one layer, used again and again.
    """
    call = built(name, layers)
    room = WIDTH - len(_INDENT)
    if shared:
        count = f"({count})" if " " in count else count
        line = f"{before}nn.ModuleList([{tree.flat(call)}] * {count})"
        if len(line) <= room:
            return [line]
        layer = [f"        {line}" for line in _spread(call.function, chosen(layers))]
        return [f"{before}nn.ModuleList(", "    [", *layer, "    ]", f"    * {count}", ")"]
    index = INDEX if len(layers) > 1 else "_"
    line = f"{before}nn.ModuleList({tree.flat(call)} for {index} in range({count}))"
    if len(line) <= room:
        return [line]
    return [
        f"{before}nn.ModuleList(",
        *(f"    {line}" for line in _spread(call.function, chosen(layers))),
        f"    for {index} in range({count})",
        ")",
    ]


def _spread(function: str, given: Arguments) -> list[str]:
    """A call with a line for each argument."""
    return [f"{function}(", *(f"    {key}={text}," for key, text in given.items()), ")"]
