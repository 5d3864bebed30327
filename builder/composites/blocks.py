"""Layers of the original transformer, with the norm after or before each sublayer, and of GPT-2."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import (
    ATTENTION,
    FOUND,
    HEADS,
    MEMORY,
    MEMORY_PADDING,
    MEMORY_REAL,
    PADDING,
    REAL,
    WIDTHS,
    X,
)
from builder.document import Definition

PRE_NORM = "Xiong et al., “On Layer Normalization in the Transformer Architecture”, arXiv:2002.04745, table 1"


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
    d.input("memory?", MEMORY, (0, 1.1), about=FOUND)
    d.input("memory_padding?", MEMORY_PADDING, (0, 1.6), "mask", MEMORY_REAL)
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


def _pre_norm(d: Sketch, name: str, kind: str, stream: str, row: int, **more: str) -> str:
    """`stream + sublayer(norm(stream))`; `more` are its other sources and its settings; returns the port of the sum."""
    sources = {"x": f"{name}_norm"} | {port: more.pop(port) for port in ["memory", "padding"] if port in more}
    d.add(f"{name}_norm", "layer_norm", stream, (1, row), d_model="d_model")
    d.add(name, kind, sources, (2, row), **more)
    d.add(f"{name}_add", "residual_add", {"x": stream, "update": name}, (3, row), dropout="dropout")
    return f"{name}_add.sum"


def _pre_norm_block(d: Sketch, activation: str, mask: str, *, memory: bool = False) -> Definition:
    """Self-attention, attention to the memory if there is one, feed-forward."""
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", dropout=0.1, activation=activation, mask=mask)
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    stream = _pre_norm(d, "attn", "multi_head_attention", "x", 0, padding="padding", **HEADS, mask="mask")
    if memory:
        d.input("memory", MEMORY, (0, 1.1), about=FOUND)
        d.input("memory_padding?", MEMORY_PADDING, (0, 1.6), "mask", MEMORY_REAL)
        sources = {"memory": "memory", "padding": "memory_padding"}
        stream = _pre_norm(d, "cross", "cross_attention", stream, 1, **sources, **HEADS)
    last = 2 if memory else 1
    d.output("y", _pre_norm(d, "ffn", "feed_forward", stream, last, **WIDTHS), X, (4, last))
    return d.done()


def pre_norm_encoder_block() -> Definition:
    """A layer of an encoder that normalises before each sublayer."""
    d = Sketch(
        "pre_norm_encoder_block",
        "Pre-norm encoder block",
        about="One layer of an encoder whose norms stand before the sublayers: normalise, look at all others, add; "
        "normalise, work alone, add. The residual stream itself is never normalised, so put a norm after the last "
        "layer.",
        formula="x ← x + attention(norm(x));  x ← x + ffn(norm(x))",
        paper=PRE_NORM,
    )
    return _pre_norm_block(d, "relu", "padding")


def pre_norm_decoder_block() -> Definition:
    """A layer of a decoder that reads a memory and normalises before each sublayer."""
    d = Sketch(
        "pre_norm_decoder_block",
        "Pre-norm decoder block",
        about="One layer of a decoder whose norms stand before the sublayers: normalise, look at earlier positions, "
        "add; normalise, look at the memory, add; normalise, work alone, add. The residual stream itself is never "
        "normalised, so put a norm after the last layer. Without a memory it is a GPT block.",
        formula="x ← x + attention(norm(x));  x ← x + cross(norm(x), memory);  x ← x + ffn(norm(x))",
        paper=PRE_NORM,
    )
    return _pre_norm_block(d, "relu", "causal", memory=True)


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
    return _pre_norm_block(d, "gelu_tanh", "causal")
