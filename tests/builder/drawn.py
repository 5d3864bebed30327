"""Models written in two lines, right or wrong, without the checks that edits make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.composites import LIBRARY
from builder.diagnostics import Diagnostic
from builder.document import Definition, Document, Node, PortRef, Symbol, Wire
from builder.library import needed
from builder.validate import validate
from engine.ports import Port
from engine.settings import Value

IDS, HIDDEN, LOGITS = "ids B T", "hidden B T d_model", "logits B T vocab_size"


def node(kind: str, **settings: Value) -> Node:
    return Node(kind=kind, settings=settings)


def end(side: str, text: str) -> Node:
    """`ids B T` as an input or output; a question mark at its end makes it optional."""
    kind, _, shape = text.removesuffix("?").partition(" ")
    return Node(kind=side, port=Port(name="x", kind=kind, shape=shape, optional=text.endswith("?")))


def wires(text: str) -> list[Wire]:
    """`a.y>b.x c.y>d.x` as wires."""
    return [Wire(*map(PortRef.parse, one.split(">"))) for one in text.split()]


def definition(name: str, nodes: Mapping[str, Node], text: str, **symbols: Value) -> Definition:
    made = [
        Symbol(name=key, value=value, type=int if isinstance(value, str) else type(value))
        for key, value in symbols.items()
    ]
    return Definition.make(name, name).with_nodes(nodes).with_wires(wires(text)).with_symbols(made)


def document(nodes: Mapping[str, Node], text: str, *parts: Definition, **symbols: Value) -> Document:
    """A model with the library's composites that it uses, and `parts`."""
    root = definition("model", nodes, text, **symbols)
    library = {name: d for n in nodes.values() for name, d in needed(n.kind, LIBRARY).items()}
    return Document(definitions={"model": root, **library, **{part.name: part for part in parts}})


def language_model(
    between: Mapping[str, Node] | None = None, text: str = "embed.y>head.x", **symbols: Value
) -> Document:
    """Tokens → embedding → what is `between` → head → logits, of width 8 and vocabulary 11."""
    nodes: dict[str, Any] = {
        "tokens": end("input", IDS),
        "embed": node("token_embedding", d_model="d_model", vocab_size="vocab_size"),
        **(between or {}),
        "head": node("lm_head", d_model="d_model", vocab_size="vocab_size"),
        "logits": end("output", LOGITS),
    }
    around = f"tokens.value>embed.tokens head.logits>logits.value {text}"
    return document(nodes, around, **{"d_model": 8, "vocab_size": 11, **symbols})


def problems(document: Document) -> list[str]:
    """`S001 model/a.y>b.x` of each problem."""
    return [f"{problem.code} {problem.path}" for problem in validate(document).diagnostics]


def problem(document: Document, code: str) -> Diagnostic:
    """The first problem with that code."""
    return next(p for p in validate(document).diagnostics if p.code == code)


def shape(document: Document, port: str, at: str = "model") -> str:
    return validate(document).shapes[at][PortRef.parse(port)]
