"""Mixtral: a Llama with experts in place of its feed-forward part."""

from __future__ import annotations

from builder.composites.llama import MIXTRAL
from builder.document import Definition
from builder.templates.gallery import Template, add
from builder.templates.llama import GROUPED, SIZES, TINY, decoder
from engine.settings import Value

_MIXED = {**GROUPED, "n_experts": "n_experts", "top_k": "top_k"}


def moe(**sizes: Value) -> Definition:
    """The root of Mixtral; `sizes` are starting values of its symbols."""
    about = (
        "A decoder that continues text, with experts in place of feed-forward layers. A router sends each token to a "
        "few of them, so that the model has far more parameters than any one token passes through; a loss keeps all "
        "experts equally busy. All else is as in Llama: rotary positions, grouped queries, no biases."
    )
    own: dict[str, Value] = {"d_ff": "2*d_model", "n_experts": 4, "top_k": 2}
    return decoder("moe_block", _MIXED, {**SIZES, **own, **sizes}, about=about, paper=MIXTRAL)


def tiny_moe() -> Definition:
    """The root of a Mixtral that learns in seconds; its sizes are those of the task `reverse`."""
    return moe(**{**TINY, "d_ff": 128})


def register() -> None:
    """Put the model of this file into the gallery."""
    add(
        Template(
            name="moe",
            title="Mixture of experts",
            about="A Llama whose feed-forward parts are experts; a router sends each token to two of them.",
            paper=MIXTRAL,
            make=moe,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny_moe",
            title="Tiny experts",
            about="Four experts in each of two layers, which learn to turn words round together.",
            paper=MIXTRAL,
            make=tiny_moe,
            task="reverse",
        )
    )
