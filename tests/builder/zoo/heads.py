"""Heads that are mixed up, and sizes that do not fit."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import changed, gpt, reader, setting, wrong

ATTENTION = "multi_head_attention"


def across_heads(document: Document) -> Document:
    """Attention among the heads of a position, not among positions."""
    turn = {f"turn_{port}": node("transpose", a_axis="heads", b_axis="positions") for port in "qkvy"}
    drop = "q_heads.y>core.q k_heads.y>core.k v_heads.y>core.v core.y>merge.x"
    add = " ".join(f"{p}_heads.y>turn_{p}.x turn_{p}.y>core.{p}" for p in "qkv") + " core.y>turn_y.x turn_y.y>merge.x"
    if "padding" in document.definitions[ATTENTION].nodes:
        drop += " padding.value>core.padding"
    return changed(document, ATTENTION, nodes=turn, drop=drop, add=add)


@wrong("C002", f"{ATTENTION}/core", mended=False)
def attention_among_heads() -> Document:
    """Heads and positions are swapped before attention, so that heads look at each other."""
    return across_heads(setting(gpt(), "model", "blocks", mask="none"))


@wrong("S001", f"{ATTENTION}/core.y>out_proj.x")
def heads_that_are_not_merged() -> Document:
    """The pieces of the heads go on as if they were whole vectors."""
    return changed(reader(), ATTENTION, gone=("merge",), add="core.y>out_proj.x")


@wrong("S001", f"{ATTENTION}/q_proj.y>core.q")
def queries_that_are_not_split() -> Document:
    """Whole vectors are compared with the pieces of heads."""
    return changed(reader(), ATTENTION, gone=("q_heads",), add="q_proj.y>core.q")


@wrong("S003", f"{ATTENTION}/k_heads")
def heads_that_do_not_divide() -> Document:
    """Sixteen features for three heads."""
    return gpt(n_heads=3)


@wrong("S001", f"{ATTENTION}/k_heads.y>core.k")
def keys_of_other_heads() -> Document:
    """Queries have four heads and keys three."""
    return setting(gpt(d_model=24, n_heads=4), ATTENTION, "k_heads", n_heads=3)


@wrong("S001", "feed_forward/act.y>down.x")
def feed_forward_of_two_widths() -> Document:
    """The second projection expects another width than the first gives."""
    return setting(gpt(), "feed_forward", "down", d_in="2*d_model")


@wrong("S001", "model/head.logits>logits.value")
def head_of_other_classes() -> Document:
    """The head tells three classes apart, and the model promises two."""
    return setting(reader(), "model", "head", n_classes=3)


@wrong("S001", "model/lm_head.logits>logits.value")
def head_of_another_vocabulary() -> Document:
    """The head knows fewer tokens than the model promises."""
    return setting(gpt(), "model", "lm_head", vocab_size=7)
