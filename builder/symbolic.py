"""Shapes in terms of a definition's symbols: `B T d_model` where inference says `B T 128`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from builder import dims
from builder.catalogue import Signature, is_literal
from builder.dims import Dim, IndivisibleError
from builder.document import Definition, Document, Node, PortRef
from builder.expressions import evaluate, names_in, parse
from builder.shapes import Inference, infer
from builder.surroundings import Surroundings, Worth, survey
from builder.values import known_scope
from engine.errors import ExpressionError
from engine.settings import Value

Known = Mapping[str, "Value | Dim"]


class SymbolicShapes:
    """What the ports of a definition carry, with symbols where a size comes from one.

    Shapes are found twice: with the symbols' values, and with their names in the place of values. A size is told
    by names only where these come to the same number.

    Args:
        document: The model.
        definition: One of its definitions.
    """

    def __init__(self, document: Document, definition: Definition) -> None:
        self._scope = known_scope(definition)
        self._around = survey(document, definition, self._scope)
        self._found = infer(self._around)
        self._named = _named(self._around, definition)

    def kind(self, port: PortRef) -> str:
        """What kind of value `port` carries."""
        return self._found.kinds.get(port, "any")

    def text(self, port: PortRef) -> str:
        """The shape at `port`, such as `B T d_model`; `...` where nothing is known."""
        shape, named = self._found.shapes.get(port), self._named.shapes.get(port)
        if shape is None:
            return dims.REST
        pairs = named if named is not None and len(named) == len(shape) else shape
        return " ".join(
            self._dim(size, name, place) for place, (size, name) in enumerate(zip(shape, pairs, strict=True))
        )

    def names(self, port: PortRef) -> tuple[str, ...]:
        """Each dimension at `port` as the symbols make it, such as `d_model//n_heads`; none if nothing is known."""
        return tuple(str(dim) for dim in self._named.shapes.get(port) or ())

    def _dim(self, size: Dim, name: Dim, place: int) -> str:
        text = str(name if size.value is not None else size)
        if size.value is not None:
            return self._expression(text, size.value)
        return text if _is_readable(text) else f"N{place}"

    def _expression(self, text: str, value: int) -> str:
        """`text`, or a single symbol of it, that comes to `value`; else the number."""
        used = sorted(names_in(text) & self._scope.keys())
        for candidate in (*(name for name in used if self._scope[name] == value), text):
            if _is_readable(candidate) and self._value(candidate) == value:
                return candidate
        return str(value)

    def _value(self, text: str) -> Value | None:
        try:
            return evaluate(text, self._scope)
        except ExpressionError:
            return None


def _is_readable(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return " " not in text


def _named(around: Surroundings, definition: Definition) -> Inference:
    """What inference finds when every whole-number symbol stands for itself."""
    names: dict[str, Value | Dim] = {**around.scope}
    names |= {symbol.name: dims.letter(symbol.name) for symbol in definition.symbols if symbol.type is int}
    worth = {
        name: _worth(definition.nodes[name], found, around.settings(name), names)
        for name, found in around.signatures.items()
    }
    return infer(replace(around, scope=cast("Mapping[str, Value]", names), worth=worth))


def _worth(node: Node, found: Signature | None, plain: Mapping[str, Value | None], names: Known) -> Worth:
    if found is None or node.is_rail:
        return ()
    values: dict[str, Value | Dim | None] = {}
    for field in found.fields:
        mine = field.name in node.settings
        text = node.settings[field.name] if mine else field.default
        known = names if mine else {name: value for name, value in values.items() if value is not None}
        values[field.name] = plain[field.name]
        if field.type is int and isinstance(text, str) and not is_literal(field, text):
            values[field.name] = _size(text, known, plain[field.name])
    return cast("Worth", tuple(values.items()))


def _size(text: str, known: Known, otherwise: Value | None) -> Dim | Value | None:
    try:
        size = dims.size_of(parse(text), {}, known)
    except (ExpressionError, IndivisibleError):
        return otherwise
    return size if size.value is None and size.known else otherwise
