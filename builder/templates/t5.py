"""T5: an encoder-decoder that knows positions only by their distance."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites import REAL
from builder.composites.t5_attention import T5
from builder.document import Definition
from builder.templates.embedding import BLOCK, IDS, VOCABULARY, lm_head
from builder.templates.gallery import Template, add
from engine.settings import Value

SHARED = (("target_emb.weight", "source_emb.weight"),)
TIES = (*SHARED, ("lm_head.weight", "source_emb.weight"))
_LAYER = {**BLOCK, "d_kv": "d_kv", "eps": "eps"}
_DISTANCES = {"n_heads": "n_heads", "n_buckets": "n_buckets", "max_distance": "max_distance"}


def t5(*, gated: bool = False, scaled: bool = True, **sizes: Value) -> Definition:
    """The root of T5.

    Args:
        gated: Gated feed-forward, as in v1.1.
        scaled: Scale what the head reads, as the first version does, whose head is tied to the embedding.
        sizes: Starting values of its symbols.
    """
    d = Sketch(
        "model",
        "Model",
        about="An encoder reads one text, a decoder writes another. No vector says where a token stands: to every "
        "score of attention a learned number is added that depends on the distance, and all layers share these "
        "numbers. Norms divide by the root mean square, and nothing has a bias.",
        formula="memory = norm(encoder(W_E[source]));  y = norm(decoder(W_E[target], memory));  logits = head(y)",
        paper=T5,
    )
    d.symbols(**{**_sizes(), **sizes})
    d.input("source", "B S", (0, 0), "ids")
    d.input("source_padding?", "B S", (0, 0.6), "mask", REAL)
    d.input("target", IDS, (0, 2), "ids")
    d.input("padding?", IDS, (0, 2.6), "mask", REAL)
    form = "t5_gated" if gated else "t5"
    encoder = {"padding": "source_padding"}
    _side(d, "source", ("encoder", f"{form}_encoder_block", "n_layers"), encoder, 0)
    decoder = {"padding": "padding", "memory": "encoder_drop", "memory_padding": "source_padding"}
    _side(d, "target", ("decoder", f"{form}_decoder_block", "n_decoder_layers"), decoder, 2)
    last = "decoder_drop"
    if scaled:
        d.add("head_scale", "scale", last, (7, 2), d="d_model", power=-0.5)
        last = "head_scale"
    lm_head(d, last, (8, 2))
    return d.done()


def _sizes() -> dict[str, Value]:
    return {
        "vocab_size": 256, "max_len": 256, "d_model": 128, "n_heads": 4, "d_kv": "d_model//n_heads", "n_layers": 2,
        "n_decoder_layers": "n_layers", "d_ff": "4*d_model", "n_buckets": 32, "max_distance": 128, "eps": 1e-6,
        "dropout": 0.1,
    }  # fmt: skip


def _side(d: Sketch, text: str, stack: tuple[str, str, str], sources: dict[str, str], row: int) -> None:
    """Embedding, shared distances, blocks, last norm and dropout of the encoder or the decoder."""
    name, block, layers = stack
    d.add(f"{text}_emb", "token_embedding", {"tokens": text}, (1, row), **VOCABULARY)
    d.add(f"{text}_drop", "dropout", f"{text}_emb", (2, row), p="dropout")
    distances = f"{name}_distances"
    d.add(distances, "relative_bias", f"{text}_drop", (3, row + 1), **_DISTANCES, bidirectional=name == "encoder")
    wires = {"x": f"{text}_drop", "bias": f"{distances}.bias", **sources}
    d.add(name, block, wires, (4, row), repeat=layers, **_LAYER)
    d.add(f"{name}_norm", "rms_norm", name, (5, row), d_model="d_model", eps="eps")
    d.add(f"{name}_drop", "dropout", f"{name}_norm", (6, row), p="dropout")


def tiny_t5() -> Definition:
    """The root of a T5 that learns in seconds; its sizes are those of the task `sort`."""
    return t5(vocab_size=13, max_len=21, d_model=64, n_heads=8, n_layers=1, d_ff=256, dropout=0.0)


def register() -> None:
    """Put the models of this file into the gallery."""
    add(
        Template(
            name="t5",
            title="T5",
            about="An encoder-decoder without biases: RMS norm, distances instead of positions, one shared embedding.",
            paper=T5,
            make=t5,
            ties=TIES,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny_t5",
            title="Tiny T5",
            about="A T5 of one layer on each side, which learns to put digits in order.",
            paper=T5,
            make=tiny_t5,
            ties=TIES,
            task="sort",
        )
    )
