"""The composites that come with the builder: ordinary definitions, which the user may open and change."""

from __future__ import annotations

from collections.abc import Mapping

from builder.assemble import Sketch
from builder.document import Definition

ATTENTION = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762"
X, PADDING = "B T d_model", "B T"
REAL = "True where a token is real."


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


_SQUARE = {"d_in": "d_model", "d_out": "d_model", "bias": "bias"}


def _project(d: Sketch, row: float, name: str, source: str) -> None:
    """A projection for queries, keys or values, and its heads."""
    letter = name[0].lower()
    d.add(f"{letter}_proj", "linear", source, (1, row), label=f"{name} projection", **_SQUARE)
    d.add(f"{letter}_heads", "split_heads", f"{letter}_proj", (2, row), n_heads="n_heads")


def _attend(d: Sketch, mask: str) -> None:
    """The core, and from there out."""
    sources = {"q": "q_heads", "k": "k_heads", "v": "v_heads", "padding": "padding"}
    d.add("core", "attention_core", sources, (3, 1), mask=mask, dropout="dropout")
    d.add("merge", "merge_heads", "core", (4, 1))
    d.add("out_proj", "linear", "merge", (5, 1), label="Output projection", **_SQUARE)
    d.output("y", "out_proj", X, (6, 1))


def multi_head_attention() -> Definition:
    """Self-attention in several heads."""
    d = Sketch(
        "multi_head_attention",
        "Multi-head attention",
        about="Every position mixes the values of the positions it may look at, by how well its query fits their "
        "keys; each head learns its own fit.",
        formula="concat(head₁ … head_h) W_O,  head_i = softmax(QKᵀ/√d + M) V",
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
    d.input("memory", "B S d_model", (0, 1.5), about="What the encoder found out.")
    d.input("padding?", "B S", (0, 2.6), "mask", "True where a token of the memory is real.")
    for row, name in enumerate(("Query", "Key", "Value")):
        _project(d, row, name, "x" if name == "Query" else "memory")
    _attend(d, "padding")
    return d.done()


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
    d.add("attn", "multi_head_attention", {"x": "x", "padding": "padding"}, (1, 0), **_HEADS, mask="mask")
    _post_norm(d, "attn", "x", 0)
    d.add("ffn", "feed_forward", "attn_norm", (1, 1), **_WIDTHS)
    _post_norm(d, "ffn", "attn_norm", 1)
    d.output("y", "ffn_norm", X, (4, 1))
    return d.done()


_HEADS = {"d_model": "d_model", "n_heads": "n_heads", "dropout": "dropout"}
_WIDTHS = {"d_model": "d_model", "d_ff": "d_ff", "activation": "activation"}


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
    d.add("attn", "multi_head_attention", {"x": "x", "padding": "padding"}, (1, 0), **_HEADS, mask="mask")
    _post_norm(d, "attn", "x", 0)
    sources = {"x": "attn_norm", "memory": "memory", "padding": "memory_padding"}
    d.add("cross", "cross_attention", sources, (1, 1), **_HEADS)
    _post_norm(d, "cross", "attn_norm", 1)
    d.add("cross_skip", "either", {"x": "attn_norm", "branch": "cross_norm"}, (4, 1))
    d.add("ffn", "feed_forward", "cross_skip", (1, 2), **_WIDTHS)
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
    d.add("attn", "multi_head_attention", "attn_norm", (2, 0), **_HEADS, mask="mask")
    d.add("attn_add", "residual_add", {"x": "x", "update": "attn"}, (3, 0), dropout="dropout")
    d.add("ffn_norm", "layer_norm", "attn_add.sum", (1, 1), d_model="d_model")
    d.add("ffn", "feed_forward", "ffn_norm", (2, 1), **_WIDTHS)
    d.add("ffn_add", "residual_add", {"x": "attn_add.sum", "update": "ffn"}, (3, 1), dropout="dropout")
    d.output("y", "ffn_add.sum", X, (4, 1))
    return d.done()


_MAKERS = (multi_head_attention, cross_attention, feed_forward, encoder_block, decoder_block, gpt_block)
LIBRARY: Mapping[str, Definition] = {definition.name: definition for definition in (make() for make in _MAKERS)}
