"""Layers of T5, in its first form and in v1.1, whose feed-forward part is gated."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.t5_attention import DISTANCES, T5
from builder.composites.terms import FOUND, HEADS, MEMORY, MEMORY_PADDING, MEMORY_REAL, NORM, PADDING, REAL, WIDTHS, X
from builder.document import Definition

_ATTENTION = {**HEADS, "d_kv": "d_kv"}


def t5_encoder_block() -> Definition:
    """A layer of the first T5's encoder."""
    return _encoder("t5_encoder_block", "T5 encoder block", "t5_feed_forward", "relu")


def t5_gated_encoder_block() -> Definition:
    """A layer of the encoder of T5 v1.1."""
    return _encoder("t5_gated_encoder_block", "T5 v1.1 encoder block", "t5_gated_feed_forward", "gelu_tanh")


def t5_decoder_block() -> Definition:
    """A layer of the first T5's decoder."""
    return _decoder("t5_decoder_block", "T5 decoder block", "t5_feed_forward", "relu")


def t5_gated_decoder_block() -> Definition:
    """A layer of the decoder of T5 v1.1."""
    return _decoder("t5_gated_decoder_block", "T5 v1.1 decoder block", "t5_gated_feed_forward", "gelu_tanh")


def _encoder(name: str, title: str, feed_forward: str, activation: str) -> Definition:
    d = Sketch(
        name,
        title,
        about="One layer of T5's encoder: RMS norm, attention with the shared distances, add; RMS norm, "
        "feed-forward, add.",
        formula="x ← x + attention(norm(x));  x ← x + ffn(norm(x))",
        paper=f"{T5}, §2.1",
    )
    _begin(d, activation, "padding")
    stream = _sublayer(d, "attn", "t5_attention", "x", 0, {"padding": "padding", "bias": "bias"}, mask="mask")
    _end(d, feed_forward, stream, 1)
    return d.done()


def _decoder(name: str, title: str, feed_forward: str, activation: str) -> Definition:
    d = Sketch(
        name,
        title,
        about="One layer of T5's decoder: attention to earlier positions with the shared distances, attention to "
        "the memory, feed-forward; each after an RMS norm, each added.",
        formula="x ← x + attention(norm(x));  x ← x + cross(norm(x), memory);  x ← x + ffn(norm(x))",
        paper=f"{T5}, §2.1",
    )
    _begin(d, activation, "both")
    d.input("memory", MEMORY, (0, 1.7), about=FOUND)
    d.input("memory_padding?", MEMORY_PADDING, (0, 2.2), "mask", MEMORY_REAL)
    stream = _sublayer(d, "attn", "t5_attention", "x", 0, {"padding": "padding", "bias": "bias"}, mask="mask")
    sources = {"memory": "memory", "padding": "memory_padding"}
    stream = _sublayer(d, "cross", "t5_cross_attention", stream, 1, sources)
    _end(d, feed_forward, stream, 2)
    return d.done()


def _begin(d: Sketch, activation: str, mask: str) -> None:
    """Symbols and the inputs that both kinds of layers have."""
    d.symbols(d_model=512, n_heads=8, d_kv="d_model//n_heads", d_ff="4*d_model", activation=activation)
    d.symbols(eps=1e-6, dropout=0.1, mask=mask)
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    d.input("bias?", "1 n_heads T T", (0, 1.1), "scores", DISTANCES)


def _sublayer(d: Sketch, name: str, kind: str, stream: str, row: int, sources: dict[str, str], **more: str) -> str:
    """Norm, attention, add; returns the port of the sum."""
    d.add(f"{name}_norm", "rms_norm", stream, (1, row), **NORM)
    d.add(name, kind, {"x": f"{name}_norm", **sources}, (2, row), **_ATTENTION, **more)
    d.add(f"{name}_add", "residual_add", {"x": stream, "update": name}, (3, row), dropout="dropout")
    return f"{name}_add.sum"


def _end(d: Sketch, feed_forward: str, stream: str, row: int) -> None:
    """Norm, feed-forward, add, and out."""
    d.add("ffn_norm", "rms_norm", stream, (1, row), **NORM)
    d.add("ffn", feed_forward, "ffn_norm", (2, row), **WIDTHS, dropout="dropout")
    d.add("ffn_add", "residual_add", {"x": stream, "update": "ffn"}, (3, row), dropout="dropout")
    d.output("y", "ffn_add.sum", X, (4, row))
