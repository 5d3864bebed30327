"""Layers of the original transformer and of GPT-2."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import ATTENTION, HEADS, PADDING, REAL, WIDTHS, X
from builder.document import Definition


def _post_norm(d: Sketch, name: str, stream: str, row: int) -> None:
    """`norm(stream + sublayer)`, as the original has it."""
    add, norm = f"{name}_add", f"{name}_norm"
    d.add(add, "residual_add", {"x": stream, "update": name}, (2, row), dropout="dropout")
    d.add(norm, "layer_norm", f"{add}.sum", (3, row), d_model="d_model")


def encoder_block() -> Definition:
    """A layer of the original encoder."""
    d = Sketch(
        "encoder_block",
        "Encoder block",
        about="One layer of the original encoder: every position looks at all others, then works by itself; "
        "after each of the two the vector is normalised.",
        formula="x ← norm(x + attention(x));  x ← norm(x + ffn(x))",
        paper=f"{ATTENTION}, §3.1",
    )
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", dropout=0.1, activation="relu", mask="padding")
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    d.add("attn", "multi_head_attention", {"x": "x", "padding": "padding"}, (1, 0), **HEADS, mask="mask")
    _post_norm(d, "attn", "x", 0)
    d.add("ffn", "feed_forward", "attn_norm", (1, 1), **WIDTHS)
    _post_norm(d, "ffn", "attn_norm", 1)
    d.output("y", "ffn_norm", X, (4, 1))
    return d.done()


def decoder_block() -> Definition:
    """A layer of the original decoder; without a memory it has no cross-attention."""
    d = Sketch(
        "decoder_block",
        "Decoder block",
        about="One layer of the original decoder: every position looks at earlier ones, then at the memory, then "
        "works by itself. Leave `memory` without a wire, and the look at the memory is left out.",
        formula="x ← norm(x + attention(x));  x ← norm(x + cross(x, memory));  x ← norm(x + ffn(x))",
        paper=f"{ATTENTION}, §3.1",
    )
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", dropout=0.1, activation="relu", mask="causal")
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    d.input("memory?", "B S d_model", (0, 1.1), about="What the encoder found out.")
    d.input("memory_padding?", "B S", (0, 1.6), "mask", "True where a token of the memory is real.")
    d.add("attn", "multi_head_attention", {"x": "x", "padding": "padding"}, (1, 0), **HEADS, mask="mask")
    _post_norm(d, "attn", "x", 0)
    sources = {"x": "attn_norm", "memory": "memory", "padding": "memory_padding"}
    d.add("cross", "cross_attention", sources, (1, 1), **HEADS)
    _post_norm(d, "cross", "attn_norm", 1)
    d.add("cross_skip", "either", {"x": "attn_norm", "branch": "cross_norm"}, (4, 1))
    d.add("ffn", "feed_forward", "cross_skip", (1, 2), **WIDTHS)
    _post_norm(d, "ffn", "cross_skip", 2)
    d.output("y", "ffn_norm", X, (4, 2))
    return d.done()


def gpt_block() -> Definition:
    """A layer of GPT-2."""
    d = Sketch(
        "gpt_block",
        "GPT block",
        about="One layer of GPT-2: normalise, look at earlier positions, add; normalise, work alone, add. The "
        "residual stream itself is never normalised.",
        formula="x ← x + attention(norm(x));  x ← x + ffn(norm(x))",
        paper="Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019, §2.3",
    )
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", dropout=0.1, activation="gelu_tanh", mask="causal")
    d.input("x", X, (0, 0))
    d.add("attn_norm", "layer_norm", "x", (1, 0), d_model="d_model")
    d.add("attn", "multi_head_attention", "attn_norm", (2, 0), **HEADS, mask="mask")
    d.add("attn_add", "residual_add", {"x": "x", "update": "attn"}, (3, 0), dropout="dropout")
    d.add("ffn_norm", "layer_norm", "attn_add.sum", (1, 1), d_model="d_model")
    d.add("ffn", "feed_forward", "ffn_norm", (2, 1), **WIDTHS)
    d.add("ffn_add", "residual_add", {"x": "attn_add.sum", "update": "ffn"}, (3, 1), dropout="dropout")
    d.output("y", "ffn_add.sum", X, (4, 1))
    return d.done()
