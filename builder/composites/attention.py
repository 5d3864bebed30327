"""Attention as it is drawn: projections, heads, and the core that all variants share."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import ATTENTION, FOUND, MEMORY, MEMORY_PADDING, MEMORY_REAL, PADDING, REAL, SQUARE, X
from builder.document import Definition

_SELF = "concat(head₁ … head_h) W_O,  head_i = softmax(QKᵀ/√d + M) V"


def _project(d: Sketch, row: float, name: str, source: str) -> None:
    """A projection for queries, keys or values, and its heads."""
    letter = name[0].lower()
    d.add(f"{letter}_proj", "linear", source, (1, row), label=f"{name} projection", **SQUARE)
    d.add(f"{letter}_heads", "split_heads", f"{letter}_proj", (2, row), n_heads="n_heads")


def _attend(d: Sketch, mask: str) -> None:
    """The core, and from there out."""
    sources = {"q": "q_heads", "k": "k_heads", "v": "v_heads", "padding": "padding"}
    d.add("core", "attention_core", sources, (3, 1), mask=mask, dropout="dropout")
    _out(d, "core", 4)


def _out(d: Sketch, heads: str, column: float) -> None:
    """Join the heads and project them."""
    d.add("merge", "merge_heads", heads, (column, 1))
    d.add("out_proj", "linear", "merge", (column + 1, 1), label="Output projection", **SQUARE)
    d.output("y", "out_proj", X, (column + 2, 1))


def multi_head_attention() -> Definition:
    """Self-attention in several heads."""
    d = Sketch(
        "multi_head_attention",
        "Multi-head attention",
        about="Every position mixes the values of the positions it may look at, by how well its query fits their "
        "keys; each head learns its own fit.",
        formula=_SELF,
        paper=f"{ATTENTION}, §3.2.2",
        family="Attention",
    )
    d.symbols(d_model=512, n_heads=8, mask="none", dropout=0.0, bias=True)
    d.input("x", X, (0, 1))
    d.input("padding?", PADDING, (0, 2.6), "mask", REAL)
    for row, name in enumerate(("Query", "Key", "Value")):
        _project(d, row, name, "x")
    _attend(d, "mask")
    return d.done()


def cross_attention() -> Definition:
    """Attention from one sequence to another."""
    d = Sketch(
        "cross_attention",
        "Cross-attention",
        about="Every position of one sequence looks at another sequence: queries come from `x`, keys and values "
        "from `memory`.",
        formula="concat(head₁ … head_h) W_O,  Q from x, K and V from memory",
        paper=f"{ATTENTION}, §3.2.3",
        family="Attention",
    )
    d.symbols(d_model=512, n_heads=8, dropout=0.0, bias=True)
    d.input("x", X, (0, 0))
    d.input("memory", MEMORY, (0, 1.5), about=FOUND)
    d.input("padding?", MEMORY_PADDING, (0, 2.6), "mask", MEMORY_REAL)
    for row, name in enumerate(("Query", "Key", "Value")):
        _project(d, row, name, "x" if name == "Query" else "memory")
    _attend(d, "padding")
    return d.done()
