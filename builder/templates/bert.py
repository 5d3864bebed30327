"""BERT: an encoder that fills in what is missing from a text."""

from __future__ import annotations

from collections.abc import Callable

from builder.assemble import Sketch
from builder.composites import REAL
from builder.composites.bert import BERT
from builder.document import Definition
from builder.templates.embedding import BLOCK, IDS, LOGITS, VOCABULARY
from builder.templates.gallery import Template, add
from engine.settings import Value

CLASSES = {name: name for name in ("d_model", "n_classes", "dropout")}
TIES = (("head.decoder.weight", "tok_emb.weight"),)


def bert(head: Callable[[Sketch], None] | None = None, **sizes: Value) -> Definition:
    """The root of BERT.

    Args:
        head: Draws what comes after the blocks; the head that fills gaps if not given.
        sizes: Starting values of its symbols.
    """
    d = Sketch(
        "model",
        "Model",
        about="An encoder in which every position looks at all others. Three vectors are added for each token: for "
        "itself, for the segment it belongs to and for its position. After each sublayer the stream is normalised."
        f"{'' if head else ' The head says which token was hidden at each position.'}",
        formula="x = norm(W_E[tokens] + W_S[segments] + W_P);  x ← block(x) for each layer",
        paper=BERT,
    )
    small: dict[str, Value] = {
        "vocab_size": 256, "max_len": 256, "n_segments": 2, "d_model": 128, "n_heads": 4, "n_layers": 4,
        "d_ff": "4*d_model", "eps": 1e-12, "dropout": 0.1,
    }  # fmt: skip
    d.symbols(**{**small, **sizes})
    d.input("tokens", IDS, (0, 0), "ids")
    d.input("segments?", IDS, (0, 0.6), "ids", "Which part of the text each token belongs to: 0 or 1.")
    d.input("padding?", IDS, (0, 1.2), "mask", REAL)
    _embed(d)
    d.add(
        "blocks", "bert_block", {"x": "emb_drop", "padding": "padding"}, (1, 1), repeat="n_layers", **BLOCK, eps="eps"
    )
    (head or mask_filler)(d)
    return d.done()


def mask_filler(d: Sketch) -> None:
    """The head that fills gaps."""
    d.add("head", "mlm_head", "blocks", (2, 1), **VOCABULARY, eps="eps")
    d.output("logits", "head.logits", LOGITS, (3, 1), "logits")


def no_head(d: Sketch) -> None:
    """What the last block gives, for each token."""
    d.output("hidden", "blocks", "B T d_model", (3, 1))


def pooler(d: Sketch) -> None:
    """What the last block gives, and one vector for the whole text."""
    no_head(d)
    d.add("pooler", "bert_pooler", "blocks", (2, 2), d_model="d_model")
    d.output("pooled", "pooler.pooled", "B d_model", (3, 2), "pooled")


def classifier(d: Sketch) -> None:
    """The head that gives the whole text a label; its number of classes is a symbol."""
    d.symbols(n_classes=2)
    d.add("pooler", "bert_pooler", "blocks", (2, 1), d_model="d_model")
    d.add("head", "classifier_head", "pooler.pooled", (3, 1), **CLASSES)
    d.output("logits", "head.logits", "B n_classes", (4, 1), "logits")


def _embed(d: Sketch) -> None:
    """Token, segment and position, normalised."""
    d.add("tok_emb", "token_embedding", {"tokens": "tokens"}, (1, 0), **VOCABULARY)
    sources = {"x": "tok_emb", "segments": "segments"}
    d.add("seg_emb", "segment_embedding", sources, (2, 0), n_segments="n_segments", d_model="d_model")
    d.add("pos_emb", "learned_positions", "seg_emb", (3, 0), d_model="d_model", max_len="max_len")
    d.add("emb_norm", "layer_norm", "pos_emb", (4, 0), d_model="d_model", eps="eps")
    d.add("emb_drop", "dropout", "emb_norm", (5, 0), p="dropout")


def tiny_bert() -> Definition:
    """The root of a BERT that learns in seconds; its sizes are those of the task `fill`."""
    return bert(vocab_size=64, max_len=32, d_model=64, n_layers=2, d_ff=128, dropout=0.0)


def register() -> None:
    """Put the models of this file into the gallery."""
    add(
        Template(
            name="bert",
            title="BERT",
            about="An encoder that looks both ways and fills in what is hidden from it.",
            paper=BERT,
            make=bert,
            ties=TIES,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny_bert",
            title="Tiny BERT",
            about="A BERT of two layers, which learns to fill gaps in Shakespeare.",
            paper=BERT,
            make=tiny_bert,
            ties=TIES,
            task="fill",
        )
    )
