"""The vision transformer: an image read as a row of patches."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites.bert import VIT
from builder.document import Definition
from builder.templates.embedding import BLOCK
from builder.templates.gallery import Template, add
from engine.settings import Value


def vit(**sizes: Value) -> Definition:
    """The root of the vision transformer; `sizes` are starting values of its symbols."""
    d = Sketch(
        "model",
        "Model",
        about="An encoder that says what an image shows. The image is cut into patches, and each patch becomes a "
        "vector; a learned vector in front of them, the class token, gathers what the head needs.",
        formula="x = [class; patches W_E] + W_P;  x ← block(x) for each layer;  logits = head(norm(x)[first])",
        paper=VIT,
    )
    small: dict[str, Value] = {
        "image_size": 32, "patch": 4, "channels": 1, "n_classes": 10, "d_model": 128, "n_heads": 4, "n_layers": 4,
        "d_ff": "4*d_model", "eps": 1e-12, "dropout": 0.1,
    }  # fmt: skip
    d.symbols(**{**small, **sizes})
    d.input("pixels", "B channels image_size image_size", (0, 0), "pixels", "Brightness of each pixel, 0 to 1.")
    d.add("patch_emb", "patch_embedding", {"pixels": "pixels"}, (1, 0), **_named("patch", "channels", "d_model"))
    d.add("cls", "class_token", "patch_emb", (2, 0), d_model="d_model")
    positions = "(image_size//patch)*(image_size//patch)+1"
    d.add("pos_emb", "learned_positions", "cls", (3, 0), d_model="d_model", max_len=positions)
    d.add("emb_drop", "dropout", "pos_emb", (4, 0), p="dropout")
    d.add("blocks", "vit_block", "emb_drop", (1, 1), repeat="n_layers", **BLOCK, eps="eps")
    d.add("norm", "layer_norm", "blocks", (2, 1), d_model="d_model", eps="eps")
    d.add("pool", "pool", "norm", (3, 1), how="first")
    d.add("head", "classifier_head", "pool.pooled", (4, 1), **_named("d_model", "n_classes"), dropout=0.0)
    d.output("logits", "head.logits", "B n_classes", (5, 1), "logits")
    return d.done()


def _named(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def tiny_vit() -> Definition:
    """The root of a vision transformer that learns in seconds; its sizes are those of the task `shapes`."""
    return vit(image_size=8, patch=2, n_classes=4, d_model=64, n_layers=2, d_ff=128, dropout=0.0)


def register() -> None:
    """Put the models of this file into the gallery."""
    add(
        Template(
            name="vit",
            title="Vision transformer",
            about="An encoder that reads an image as a row of patches and says what it shows.",
            paper=VIT,
            make=vit,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny_vit",
            title="Tiny ViT",
            about="A vision transformer of two layers, which learns to tell shapes apart.",
            paper=VIT,
            make=tiny_vit,
            task="shapes",
        )
    )
