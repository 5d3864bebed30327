"""What works on every position by itself."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import ATTENTION, X
from builder.document import Definition


def feed_forward() -> Definition:
    """Two projections with an activation between them."""
    d = Sketch(
        "feed_forward",
        "Feed-forward",
        about="Works on every position by itself: widens the vector, applies an activation, narrows it again.",
        formula="W₂ · act(W₁ x + b₁) + b₂",
        paper=f"{ATTENTION}, eq. 2",
        family="Feed-forward",
    )
    d.symbols(d_model=512, d_ff="4*d_model", activation="relu", bias=True)
    d.input("x", X, (0, 0))
    d.add("up", "linear", "x", (1, 0), label="Up projection", d_in="d_model", d_out="d_ff", bias="bias")
    d.add("act", "activation", "up", (2, 0), function="activation")
    d.add("down", "linear", "act", (3, 0), label="Down projection", d_in="d_ff", d_out="d_model", bias="bias")
    d.output("y", "down", X, (4, 0))
    return d.done()


def glu_feed_forward() -> Definition:
    """Three projections, one of which opens and closes the other."""
    d = Sketch(
        "glu_feed_forward",
        "Gated feed-forward",
        about="Works on every position by itself: a second projection decides how much of the first gets through. "
        "With SiLU this is SwiGLU, with GELU it is GEGLU.",
        formula="W_down (act(W_gate x) ⊙ W_up x)",
        paper="Shazeer, “GLU Variants Improve Transformer”, arXiv:2002.05202, eq. 6",
        family="Feed-forward",
    )
    d.symbols(d_model=512, d_ff="4*d_model", activation="silu", bias=False)
    d.input("x", X, (0, 0.5))
    widen = {"d_in": "d_model", "d_out": "d_ff", "bias": "bias"}
    d.add("up_proj", "linear", "x", (1, 0), label="Up projection", **widen)
    d.add("gate_proj", "linear", "x", (1, 1), label="Gate projection", **widen)
    d.add("gate", "gate", {"x": "up_proj", "gate": "gate_proj"}, (2, 0.5), activation="activation")
    d.add("down_proj", "linear", "gate", (3, 0.5), label="Down projection", d_in="d_ff", d_out="d_model", bias="bias")
    d.output("y", "down_proj", X, (4, 0.5))
    return d.done()
