"""Layers of Llama and Mixtral: rotary positions, grouped queries, gated feed-forward."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.terms import GROUPED, NORM, PADDING, REAL, X
from builder.document import Definition

LLAMA = "Touvron et al., “LLaMA: Open and Efficient Foundation Language Models”, arXiv:2302.13971"
MIXTRAL = "Jiang et al., “Mixtral of Experts”, arXiv:2401.04088"


def grouped_query_attention() -> Definition:
    """Attention in which several query heads share the keys and values of one."""
    d = _grouped(
        "grouped_query_attention",
        "Grouped-query attention",
        about="Attention with rotary positions in which several query heads share one head of keys and values; with "
        "`n_kv_heads` of 1 it is multi-query attention.",
        formula="head_i = softmax(R Q_i (R K_g(i))ᵀ/√d + M) V_g(i)",
        paper="Ainslie et al., “GQA”, arXiv:2305.13245; Shazeer, “Fast Transformer Decoding”, arXiv:1911.02150",
    )
    _rotate(d, {"q": "q_heads", "k": "k_heads"}, 3)
    _attend(d, 4)
    return d.done()


def qk_norm_attention() -> Definition:
    """Grouped-query attention that normalises queries and keys."""
    d = _grouped(
        "qk_norm_attention",
        "QK-norm attention",
        about="Grouped-query attention that normalises each query and key before it turns them by their position, "
        "so that scores cannot grow without end.",
        formula="head_i = softmax(R norm(Q_i) (R norm(K_g(i)))ᵀ/√d + M) V_g(i)",
        paper="Henry et al., “Query-Key Normalization for Transformers”, arXiv:2010.04245",
    )
    d.symbols(eps=1e-6)
    for row, letter in enumerate("qk"):
        d.add(f"{letter}_norm", "rms_norm", f"{letter}_heads", (3, row), d_model="d_head", eps="eps")
    _rotate(d, {"q": "q_norm", "k": "k_norm"}, 4)
    _attend(d, 5)
    return d.done()


def _grouped(name: str, title: str, **about: str) -> Sketch:
    """Projections and heads of grouped-query attention."""
    d = Sketch(name, title, family="Attention", **about)
    d.symbols(d_model=512, n_heads=8, n_kv_heads=2, d_head="d_model//n_heads", theta=10000.0)
    d.symbols(mask="causal", dropout=0.0, bias=False)
    d.input("x", X, (0, 1))
    d.input("padding?", PADDING, (0, 2.6), "mask", REAL)
    for row, word in enumerate(("Query", "Key", "Value")):
        letter, heads = word[0].lower(), "n_kv_heads" if row else "n_heads"
        sizes = {"d_in": "d_model", "d_out": f"{heads}*d_head", "bias": "bias"}
        d.add(f"{letter}_proj", "linear", "x", (1, row), label=f"{word} projection", **sizes)
        d.add(f"{letter}_heads", "split_heads", f"{letter}_proj", (2, row), n_heads=heads)
    return d


def _rotate(d: Sketch, sources: dict[str, str], column: int) -> None:
    """Turn queries and keys by their position."""
    for row, (letter, source) in enumerate(sources.items()):
        d.add(f"{letter}_rope", "rope", source, (column, row), theta="theta")


def _attend(d: Sketch, column: int) -> None:
    """The core, and from there out."""
    sources = {"q": "q_rope", "k": "k_rope", "v": "v_heads", "padding": "padding"}
    d.add("core", "attention_core", sources, (column, 1), mask="mask", dropout="dropout")
    d.add("merge", "merge_heads", "core", (column + 1, 1))
    sizes = {"d_in": "n_heads*d_head", "d_out": "d_model", "bias": "bias"}
    d.add("out_proj", "linear", "merge", (column + 2, 1), label="Output projection", **sizes)
    d.output("y", "out_proj", X, (column + 3, 1))


def llama_block() -> Definition:
    """A layer of Llama."""
    d = _block(
        "llama_block",
        "Llama block",
        about="One layer of Llama: RMS norm, grouped-query attention with rotary positions, add; RMS norm, gated "
        "feed-forward, add. Nothing has a bias.",
        paper=LLAMA,
    )
    d.symbols(activation="silu")
    widths = {"d_model": "d_model", "d_ff": "d_ff", "activation": "activation"}
    d.add("ffn", "glu_feed_forward", "ffn_norm", (2, 1), **widths)
    return _added(d, "ffn", 3)


def moe_block() -> Definition:
    """A layer of Mixtral."""
    d = _block(
        "moe_block",
        "Mixture-of-experts block",
        about="One layer of Mixtral: a Llama layer whose feed-forward part is several experts, of which a router "
        "chooses a few for each token.",
        paper=MIXTRAL,
    )
    d.symbols(n_experts=8, top_k=2, balance=0.01, activation="silu")
    choice = {"d_model": "d_model", "n_experts": "n_experts", "top_k": "top_k", "balance": "balance"}
    d.add("router", "router", {"x": "ffn_norm", "padding": "padding"}, (2, 1.5), **choice)
    widths = {"d_model": "d_model", "d_ff": "d_ff", "n_experts": "n_experts", "activation": "activation"}
    d.add("experts", "experts", {"x": "ffn_norm", "weights": "router.weights"}, (3, 1), **widths)
    return _added(d, "experts", 4)


def _block(name: str, title: str, about: str, paper: str) -> Sketch:
    """Everything before the feed-forward part."""
    formula = "x ← x + attention(norm(x));  x ← x + ffn(norm(x))"
    d = Sketch(name, title, about=about, formula=formula, paper=paper)
    d.symbols(d_model=512, n_heads=8, n_kv_heads=2, d_head="d_model//n_heads", d_ff="3*d_model", theta=10000.0)
    d.symbols(eps=1e-5, dropout=0.0, mask="causal")
    d.input("x", X, (0, 0))
    d.input("padding?", PADDING, (0, 0.5), "mask", REAL)
    d.add("attn_norm", "rms_norm", "x", (1, 0), **NORM)
    sources = {"x": "attn_norm", "padding": "padding"}
    d.add("attn", "grouped_query_attention", sources, (2, 0), **GROUPED, mask="mask")
    d.add("attn_add", "residual_add", {"x": "x", "update": "attn"}, (3, 0))
    d.add("ffn_norm", "rms_norm", "attn_add.sum", (1, 1), **NORM)
    return d


def _added(d: Sketch, update: str, column: int) -> Definition:
    """The second sum, and from there out."""
    d.add("ffn_add", "residual_add", {"x": "attn_add.sum", "update": update}, (column, 1))
    d.output("y", "ffn_add.sum", X, (column + 1, 1))
    return d.done()
