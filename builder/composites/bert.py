"""Layers of BERT and of the vision transformer, and BERT's summary of a text."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import HEADS, NORM, PADDING, REAL, WIDTHS, X
from builder.document import Definition

BERT = "Devlin et al., “BERT: Pre-training of Deep Bidirectional Transformers”, arXiv:1810.04805"
VIT = "Dosovitskiy et al., “An Image is Worth 16×16 Words”, arXiv:2010.11929"


def bert_block() -> Definition:
    """A layer of BERT."""
    d = Sketch(
        "bert_block",
        "BERT block",
        about="One layer of BERT: every position looks at all others, then works by itself; after each of the two "
        "the vector is normalised.",
        formula="x ← norm(x + attention(x));  x ← norm(x + ffn(x))",
        paper=f"{BERT}, §3",
    )
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", activation="gelu", eps=1e-12, dropout=0.1, mask="padding")
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    d.add("attn", "multi_head_attention", {"x": "x", "padding": "padding"}, (1, 0), **HEADS, mask="mask")
    d.add("attn_add", "residual_add", {"x": "x", "update": "attn"}, (2, 0), dropout="dropout")
    d.add("attn_norm", "layer_norm", "attn_add.sum", (3, 0), **NORM)
    d.add("ffn", "feed_forward", "attn_norm", (1, 1), **WIDTHS)
    d.add("ffn_add", "residual_add", {"x": "attn_norm", "update": "ffn"}, (2, 1), dropout="dropout")
    d.add("ffn_norm", "layer_norm", "ffn_add.sum", (3, 1), **NORM)
    d.output("y", "ffn_norm", X, (4, 1))
    return d.done()


def bert_pooler() -> Definition:
    """BERT's one vector for a whole text."""
    d = Sketch(
        "bert_pooler",
        "BERT pooler",
        about="One vector for a whole text: that of its first token, projected and squeezed to −1 … 1.",
        formula="tanh(W x[first] + b)",
        paper=f"{BERT}, §3.1",
        family="Heads",
    )
    d.symbols(d_model=512)
    d.input("x", X, (0, 0))
    d.add("pool", "pool", "x", (1, 0), how="first")
    d.add("dense", "linear", "pool.pooled", (2, 0), d_in="d_model", d_out="d_model")
    d.add("act", "activation", "dense", (3, 0), function="tanh")
    d.output("pooled", "act", "B d_model", (4, 0), "pooled")
    return d.done()


def vit_block() -> Definition:
    """A layer of the vision transformer."""
    d = Sketch(
        "vit_block",
        "ViT block",
        about="One layer of the vision transformer: normalise, let every patch look at all others, add; normalise, "
        "work alone, add.",
        formula="x ← x + attention(norm(x));  x ← x + ffn(norm(x))",
        paper=f"{VIT}, eq. 2–3",
    )
    d.symbols(d_model=512, n_heads=8, d_ff="4*d_model", activation="gelu", eps=1e-12, dropout=0.1)
    d.input("x", X, (0, 0))
    d.add("attn_norm", "layer_norm", "x", (1, 0), **NORM)
    d.add("attn", "multi_head_attention", "attn_norm", (2, 0), **HEADS)
    d.add("attn_add", "residual_add", {"x": "x", "update": "attn"}, (3, 0), dropout="dropout")
    d.add("ffn_norm", "layer_norm", "attn_add.sum", (1, 1), **NORM)
    d.add("ffn", "feed_forward", "ffn_norm", (2, 1), **WIDTHS)
    d.add("ffn_add", "residual_add", {"x": "attn_add.sum", "update": "ffn"}, (3, 1), dropout="dropout")
    d.output("y", "ffn_add.sum", X, (4, 1))
    return d.done()
