"""Shapes for comments: `(B, T, D)`, in the letters of the project's key.

Shapes are inferred once more with letters in place of the sizes that symbols name, so that `d_model//n_heads` is K.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from builder import dims
from builder.codegen.units import Unit
from builder.dims import Dim, IndivisibleError
from builder.document import Document, PortRef
from builder.expressions import parse
from builder.shapes import infer
from builder.surroundings import Surroundings, Worth, survey
from builder.values import is_literal, known_scope
from engine.errors import ExpressionError
from engine.settings import Value

KEY: Mapping[str, str] = {
    "B": "batch",
    "T": "target positions",
    "S": "source positions",
    "D": "d_model",
    "H": "heads",
    "G": "key/value heads",
    "K": "d_head",
    "F": "d_ff",
    "V": "vocabulary",
    "C": "classes",
    "E": "experts",
    "N": "other sizes",
}
_SYMBOLS = {
    "d_model": "D", "n_heads": "H", "n_kv_heads": "G", "d_head": "K", "d_ff": "F", "vocab_size": "V",
    "n_classes": "C", "n_experts": "E",
}  # fmt: skip


class Letters:
    """The shapes at the ports of a class.

    Args:
        document: The model.
        unit: The class.
    """

    def __init__(self, document: Document, unit: Unit) -> None:
        around = survey(document, unit.definition, known_scope(unit.definition))
        sizes = _sizes(unit)
        worth = {name: _worth(around, name, sizes) for name in around.signatures}
        scope = cast("Mapping[str, Value]", {**around.scope, **sizes})
        self._split = sizes.get("d_model") == Dim(1, ("H", "K"))
        self._found = infer(replace(around, scope=scope, worth=worth))
        self._named: dict[str, str] = {}
        self.used: set[str] = set()

    def of(self, port: PortRef) -> str:
        """The shape at a port in brackets; empty if it is not known."""
        shape = self._found.shapes.get(port)
        if shape is None:
            return ""
        return f"({', '.join(map(self._text, shape))}{',' if len(shape) == 1 else ''})"

    def rank(self, port: PortRef) -> int:
        """How many dimensions a port's value has; 0 if that is not known."""
        return len(self._found.shapes.get(port) or ())

    def raw(self, port: PortRef) -> tuple[Dim, ...] | None:
        """The sizes at a port."""
        return self._found.shapes.get(port)

    def _text(self, dim: Dim) -> str:
        names = list(dim.names)
        if self._split and "H" in names and "K" in names:
            names.remove("H")
            names.remove("K")
            names = sorted([*names, "D"])
        self.used |= {name for name in names if name in KEY}
        text = str(dim._replace(names=tuple(names)))
        if all(name.isidentifier() for name in names) and len(text) <= 12:
            return text.replace("//", " // ").replace("*", " * ")
        if text not in self._named:
            self._named[text] = "NMPQ"[min(len(self._named), 3)]
        self.used.add("N")
        return self._named[text]


def _sizes(unit: Unit) -> dict[str, Value | Dim]:
    whole = {s.name: s for s in unit.definition.symbols if s.type is int}
    sizes: dict[str, Value | Dim] = {name: dims.letter(_SYMBOLS.get(name, name)) for name in whole}
    if {"d_model", "n_heads"} <= whole.keys() and str(whole.get("d_head", "")) != "":
        head = whole["d_head"]
        if str(head.value).replace(" ", "") == "d_model//n_heads":
            sizes["d_model"] = Dim(1, ("H", "K"))
    elif {"d_model", "n_heads"} <= whole.keys():
        sizes["d_model"] = Dim(1, ("H", "K"))
    return sizes


def _worth(around: Surroundings, name: str, sizes: Mapping[str, Value | Dim]) -> Worth:
    """The settings of a node, with letters in those that are sizes."""
    found, node = around.signatures[name], around.definition.nodes[name]
    if found is None or node.is_rail:
        return ()
    plain, known = around.settings(name), {**around.scope, **sizes}
    worth: dict[str, Value | Dim | None] = {}
    for field in found.fields:
        mine = field.name in node.settings
        text = node.settings[field.name] if mine else field.default
        worth[field.name] = plain.get(field.name)
        if field.type is int and isinstance(text, str) and not is_literal(field, text):
            inner = {key: value for key, value in worth.items() if value is not None}
            worth[field.name] = _size(text, known if mine else inner, plain.get(field.name))
    return cast("Worth", tuple(worth.items()))


def _size(text: str, known: Mapping[str, Value | Dim], otherwise: Value | None) -> Dim | Value | None:
    try:
        size = dims.size_of(parse(text), {}, known)
    except (ExpressionError, IndivisibleError):
        return otherwise
    return size.value if size.value is not None else size if size.known else otherwise
