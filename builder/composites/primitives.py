"""Attention without a core: every product, scale, mask and mean has its own node."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import ATTENTION, PADDING, REAL, SQUARE, X
from builder.document import Definition


def attention_from_primitives() -> Definition:
    """What the attention core computes, step by step."""
    d = Sketch(
        "attention_from_primitives",
        "Attention from primitives",
        about="Multi-head attention with every step in sight: compare queries with keys, scale, hide, turn into "
        "shares, mix the values. With one head it is the attention of the paper's figure.",
        formula="S = QKᵀ · d^(−½);  A = softmax(S + M);  concat(A V) W_O",
        paper=f"{ATTENTION}, fig. 2",
        family="Attention",
    )
    d.symbols(d_model=512, n_heads=8, pattern="none", dropout=0.0, bias=True)
    d.input("x", X, (0, 1))
    d.input("padding?", PADDING, (0, 2.6), "mask", REAL)
    for row, name in enumerate(("Query", "Key", "Value")):
        letter = name[0].lower()
        d.add(f"{letter}_proj", "linear", "x", (1, row), label=f"{name} projection", **SQUARE)
        d.add(f"{letter}_heads", "split_heads", f"{letter}_proj", (2, row), n_heads="n_heads")
    _weigh(d)
    d.add("mix", "matmul", {"a": "drop", "b": "v_heads"}, (6, 2), label="Mix the values")
    d.add("merge", "merge_heads", "mix", (7, 2))
    d.add("out_proj", "linear", "merge", (8, 2), label="Output projection", **SQUARE)
    d.output("y", "out_proj", X, (9, 2))
    return d.done()


def _weigh(d: Sketch) -> None:
    """From queries and keys to the share of each value."""
    compared = {"a": "q_heads", "b": "k_heads"}
    d.add("compare", "matmul", compared, (3, 0), label="Query · key", transpose_b=True)
    d.add("scale", "scale", "compare", (4, 0), d="d_model//n_heads", power=-0.5)
    d.add("mask", "mask", {"scores": "scale", "padding": "padding"}, (5, 0), pattern="pattern")
    d.add("softmax", "softmax", "mask", (6, 0), label="Shares of the keys")
    d.add("drop", "dropout", "softmax", (7, 0), p="dropout")
