"""Attention and feed-forward of T5: no bias anywhere, scores not scaled, heads of any width."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import FOUND, MEMORY, MEMORY_PADDING, MEMORY_REAL, PADDING, REAL, X
from builder.document import Definition

T5 = "Raffel et al., “Exploring the Limits of Transfer Learning”, arXiv:1910.10683"
GLU = "Shazeer, “GLU Variants Improve Transformer”, arXiv:2002.05202"
DISTANCES = "How much each head likes each distance; the same in all layers."


def t5_attention() -> Definition:
    """Self-attention of T5."""
    d = Sketch(
        "t5_attention",
        "T5 attention",
        about="Self-attention that knows positions only from a bias, which every layer shares; scores are not scaled.",
        formula="softmax(QKᵀ + bias + M) V W_O",
        paper=f"{T5}, §2.1",
        family="Attention",
    )
    d.symbols(d_model=512, n_heads=8, d_kv="d_model//n_heads", mask="padding", dropout=0.0)
    d.input("x", X, (0, 1))
    d.input("padding?", PADDING, (0, 2.6), "mask", REAL)
    d.input("bias?", "1 n_heads T T", (0, 3.2), "scores", DISTANCES)
    _project(d, "x")
    _attend(d, "mask", bias="bias")
    return d.done()


def t5_cross_attention() -> Definition:
    """Attention of T5's decoder to its encoder."""
    d = Sketch(
        "t5_cross_attention",
        "T5 cross-attention",
        about="Every position of the answer looks at what the encoder found out, wherever it stands; scores are not "
        "scaled.",
        formula="softmax(QKᵀ + M) V W_O,  Q from x, K and V from memory",
        paper=f"{T5}, §2.1",
        family="Attention",
    )
    d.symbols(d_model=512, n_heads=8, d_kv="d_model//n_heads", dropout=0.0)
    d.input("x", X, (0, 0))
    d.input("memory", MEMORY, (0, 1.5), about=FOUND)
    d.input("padding?", MEMORY_PADDING, (0, 2.6), "mask", MEMORY_REAL)
    _project(d, "memory")
    _attend(d, "padding")
    return d.done()


def _project(d: Sketch, memory: str) -> None:
    """Queries of `x`, keys and values of `memory`."""
    inward = {"d_in": "d_model", "d_out": "n_heads*d_kv"}
    for row, name in enumerate(("Query", "Key", "Value")):
        letter, source = name[0].lower(), memory if row else "x"
        d.add(f"{letter}_proj", "linear", source, (1, row), label=f"{name} projection", bias=False, **inward)
        d.add(f"{letter}_heads", "split_heads", f"{letter}_proj", (2, row), n_heads="n_heads")


def _attend(d: Sketch, mask: str, **more: str) -> None:
    """The core, and from there out."""
    sources = {"q": "q_heads", "k": "k_heads", "v": "v_heads", "padding": "padding", **more}
    d.add("core", "attention_core", sources, (3, 1), mask=mask, dropout="dropout", scale=1.0)
    d.add("merge", "merge_heads", "core", (4, 1))
    outward = {"d_in": "n_heads*d_kv", "d_out": "d_model"}
    d.add("out_proj", "linear", "merge", (5, 1), label="Output projection", bias=False, **outward)
    d.output("y", "out_proj", X, (6, 1))


def t5_feed_forward() -> Definition:
    """Feed-forward of the first T5."""
    d = Sketch(
        "t5_feed_forward",
        "T5 feed-forward",
        about="Two projections without bias, with an activation and dropout between them.",
        formula="W₂ · act(W₁ x)",
        paper=f"{T5}, §2.1",
        family="Feed-forward",
    )
    d.symbols(d_model=512, d_ff="4*d_model", activation="relu", dropout=0.0)
    d.input("x", X, (0, 0))
    d.add("up", "linear", "x", (1, 0), label="Up projection", d_in="d_model", d_out="d_ff", bias=False)
    d.add("act", "activation", "up", (2, 0), function="activation")
    _down(d, "act", "down", 0)
    return d.done()


def t5_gated_feed_forward() -> Definition:
    """Feed-forward of T5 v1.1."""
    d = Sketch(
        "t5_gated_feed_forward",
        "T5 gated feed-forward",
        about="A second projection decides how much of the first gets through; no bias, and dropout before the last.",
        formula="W_down (gelu(W_gate x) ⊙ W_up x)",
        paper=f"{GLU}, eq. 6; {T5}, v1.1",
        family="Feed-forward",
    )
    d.symbols(d_model=512, d_ff="4*d_model", activation="gelu_tanh", dropout=0.0)
    d.input("x", X, (0, 0.5))
    widen = {"d_in": "d_model", "d_out": "d_ff"}
    d.add("up_proj", "linear", "x", (1, 0), label="Up projection", bias=False, **widen)
    d.add("gate_proj", "linear", "x", (1, 1), label="Gate projection", bias=False, **widen)
    d.add("gate", "gate", {"x": "up_proj", "gate": "gate_proj"}, (2, 0.5), activation="activation")
    _down(d, "gate", "down_proj", 0.5)
    return d.done()


def _down(d: Sketch, source: str, name: str, row: float) -> None:
    """Dropout and the last projection."""
    d.add("drop", "dropout", source, (3, row), p="dropout")
    d.add(name, "linear", "drop", (4, row), label="Down projection", d_in="d_ff", d_out="d_model", bias=False)
    d.output("y", name, X, (5, row))
