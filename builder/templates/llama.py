"""Llama: a decoder without biases, with rotary positions."""

from __future__ import annotations

from collections.abc import Mapping

from builder.assemble import Sketch
from builder.composites import REAL
from builder.composites.llama import LLAMA
from builder.document import Definition
from builder.templates.embedding import BLOCK, IDS, VOCABULARY, lm_head
from builder.templates.gallery import Template, add
from engine.settings import Value

GROUPED: Mapping[str, str] = {**BLOCK, **{name: name for name in ("n_kv_heads", "d_head", "theta", "eps")}}
SIZES: Mapping[str, Value] = {
    "vocab_size": 256, "max_len": 256, "d_model": 128, "n_heads": 4, "n_kv_heads": 2, "n_layers": 4,
    "d_ff": "3*d_model", "d_head": "d_model//n_heads", "theta": 10000.0, "eps": 1e-5, "dropout": 0.0,
}  # fmt: skip
TINY: Mapping[str, Value] = {"vocab_size": 29, "max_len": 21, "d_model": 64, "n_layers": 2, "d_ff": 192}


def llama(**sizes: Value) -> Definition:
    """The root of Llama; `sizes` are starting values of its symbols."""
    about = (
        "A decoder that continues text and has no biases. Attention turns queries and keys by angles that grow with "
        "their position, and several heads of queries share one of keys and values. The feed-forward part is gated. "
        "What a sublayer reads is divided by its root mean square; the stream itself never is."
    )
    return decoder("llama_block", GROUPED, {**SIZES, **sizes}, about=about, paper=LLAMA)


def decoder(block: str, settings: Mapping[str, str], sizes: Mapping[str, Value], **about: str) -> Definition:
    """Tokens, blocks with rotary positions, a last norm and the head.

    Args:
        block: The kind of a layer.
        settings: What each layer is given.
        sizes: Symbols of the root with their values.
        about: Texts `about` and `paper` of the root.
    """
    formula = "x = W_E[tokens];  x ← block(x) for each layer;  logits = head(norm(x))"
    d = Sketch("model", "Model", formula=formula, **about)
    d.symbols(**sizes)
    d.input("tokens", IDS, (0, 0), "ids")
    d.input("padding?", IDS, (0, 1), "mask", REAL)
    d.add("tok_emb", "token_embedding", {"tokens": "tokens"}, (1, 0), **VOCABULARY)
    sources = {"x": "tok_emb", "padding": "padding"}
    d.add("blocks", block, sources, (2, 0), repeat="n_layers", **settings, mask="both")
    d.add("norm", "rms_norm", "blocks", (3, 0), d_model="d_model", eps="eps")
    lm_head(d, "norm", (4, 0))
    return d.done()


def tiny_llama() -> Definition:
    """The root of a Llama that learns in seconds; its sizes are those of the task `reverse`."""
    return llama(**TINY)


def register() -> None:
    """Put the model of this file into the gallery."""
    add(
        Template(
            name="llama",
            title="Llama",
            about="A decoder without biases: RMS norm, rotary positions, grouped queries, gated feed-forward.",
            paper=LLAMA,
            make=llama,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny_llama",
            title="Tiny Llama",
            about="A Llama of two layers, which learns to turn words round.",
            paper=LLAMA,
            make=tiny_llama,
            task="reverse",
        )
    )
