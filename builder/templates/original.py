"""The original transformer, and a classifier made of its encoder."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites import ATTENTION, REAL
from builder.document import Definition
from builder.templates.embedding import BLOCK, IDS, embed, lm_head
from builder.templates.gallery import Template, add

_BERT = "Devlin et al., “BERT”, arXiv:1810.04805"


def transformer() -> Definition:
    """The root of the original encoder-decoder."""
    d = Sketch(
        "model",
        "Model",
        about="An encoder reads one sequence, a decoder writes another. Waves of different lengths tell positions "
        "apart. Each layer of the decoder looks at what is written so far, then at what the encoder found out. "
        "After each sublayer the stream is normalised.",
        formula="memory = encoder(√d W_E[source] + waves);  y = decoder(√d W_E[target] + waves, memory);  "
        "logits = head(y)",
        paper=f"{ATTENTION}, §3",
    )
    d.symbols(vocab_size=256, max_len=256, d_model=128, n_heads=4, n_layers=2, d_ff="4*d_model", dropout=0.1)
    d.input("source", "B S", (0, 0), "ids")
    d.input("source_padding?", "B S", (0, 0.6), "mask", REAL)
    d.input("target", IDS, (0, 1.2), "ids")
    d.input("padding?", IDS, (0, 1.8), "mask", REAL)
    read = embed(d, "source", "source", "sinusoidal", 0, scale=True)
    write = embed(d, "target", "target", "sinusoidal", 1, scale=True)
    encode = {"x": read, "padding": "source_padding"}
    d.add("encoder", "encoder_block", encode, (4, 0), repeat="n_layers", **BLOCK)
    decode = {"x": write, "padding": "padding", "memory": "encoder", "memory_padding": "source_padding"}
    d.add("decoder", "decoder_block", decode, (4, 1), repeat="n_layers", **BLOCK, mask="both")
    lm_head(d, "decoder", (5, 1))
    return d.done()


def classifier() -> Definition:
    """The root of an encoder that labels whole sequences."""
    d = Sketch(
        "model",
        "Model",
        about="An encoder that gives a whole sequence one label. Every position looks at all others; the mean of what "
        "they found out, padding left aside, goes to the head.",
        formula="x = W_E[tokens] + W_P;  x ← block(x) for each layer;  logits = head(mean(x))",
        paper=_BERT,
    )
    d.symbols(vocab_size=256, max_len=256, d_model=128, n_heads=4, n_layers=2, d_ff="4*d_model")
    d.symbols(dropout=0.1, n_classes=2)
    d.input("tokens", IDS, (0, 0), "ids")
    d.input("padding?", IDS, (0, 1), "mask", REAL)
    last = embed(d, "tokens", "tok", "learned", 0, scale=False)
    encode = {"x": last, "padding": "padding"}
    d.add("blocks", "encoder_block", encode, (1, 1), repeat="n_layers", **BLOCK, activation="gelu")
    d.add("pool", "pool", {"x": "blocks", "padding": "padding"}, (2, 1), how="mean")
    sizes = {name: name for name in ("d_model", "n_classes", "dropout")}
    d.add("head", "classifier_head", "pool.pooled", (3, 1), **sizes)
    d.output("logits", "head.logits", "B n_classes", (4, 1), "logits")
    return d.done()


def register() -> None:
    """Put the models of this file into the gallery."""
    add(
        Template(
            name="transformer",
            title="Transformer",
            about="The original encoder-decoder, which reads one sequence and writes another.",
            paper=ATTENTION,
            make=transformer,
            ties=(("target_emb.weight", "source_emb.weight"), ("lm_head.weight", "source_emb.weight")),
        )
    )
    add(
        Template(
            name="classifier",
            title="Classifier",
            about="An encoder that reads a whole sequence and gives it a label.",
            paper=_BERT,
            make=classifier,
        )
    )
