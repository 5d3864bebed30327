"""Wrong scores and weights."""

from __future__ import annotations

from dataclasses import replace

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import (
    changed,
    drawn_gpt,
    drawn_reader,
    gpt,
    llama,
    logits_through,
    setting,
    t5,
    translator,
    wrong,
)

DRAWN = "attention_from_primitives"
LAYER = {"d_model": "d_model", "n_heads": "n_heads"}


@wrong("C013", f"{DRAWN}/compare.y>mask.scores")
def missing_scale() -> Document:
    """Products of queries and keys are the scores as they are."""
    return changed(drawn_gpt(), DRAWN, gone=("scale",), add="compare.y>mask.scores")


@wrong("C013", "multi_head_attention/core")
def core_that_does_not_scale() -> Document:
    """The core is told to leave the scores as they are."""
    return setting(gpt(), "multi_head_attention", "core", scale=1.0)


@wrong("C013", f"{DRAWN}/scale")
def scale_the_wrong_way() -> Document:
    """Scores are multiplied by √K and not divided by it."""
    return setting(drawn_gpt(), DRAWN, "scale", power=0.5)


@wrong("C013", f"{DRAWN}/scale")
def scale_by_nothing() -> Document:
    """The scale is there and says 1."""
    return setting(drawn_gpt(), DRAWN, "scale", power=0.0)


@wrong("C013", f"{DRAWN}/scale")
def scale_by_the_width_of_the_model() -> Document:
    """Scores are divided by √d_model, as if there were one head."""
    return setting(drawn_gpt(), DRAWN, "scale", d="d_model")


@wrong("C013", "multi_head_attention/core")
def plain_decoder_beside_an_encoder_with_distances() -> Document:
    """T5's encoder may leave its scores as they are; another decoder may not."""
    there = t5().definitions
    model = translator()
    model = replace(model, definitions={**there, **model.definitions})
    nodes = {
        "encoder": replace(t5().main.nodes["encoder"], settings={**LAYER, "d_ff": "d_ff"}),
        "distances": node("relative_bias", n_heads="n_heads"),
    }
    wired = changed(model, "model", nodes=nodes, add="source_drop.y>distances.x distances.bias>encoder.bias")
    return setting(wired, "multi_head_attention", "core", scale=1.0)


@wrong("C013", "t5_attention/core")
def t5_whose_decoder_gets_no_distances() -> Document:
    """Neither the decoder's scores nor those beside them get a bias, and none are scaled."""
    return changed(t5(), "model", drop="decoder_distances.bias>decoder.bias", gone=("decoder_distances",))


@wrong("C013", "cross_attention/core")
def plain_look_at_the_memory_beside_scaled_scores() -> Document:
    """Attention has distances and scales its scores; the look at the memory beside it does not."""
    nodes = {"distances": node("relative_bias", n_heads="n_heads")}
    add = "x.value>distances.x distances.bias>core.bias"
    model = changed(translator(), "multi_head_attention", nodes=nodes, add=add)
    return setting(model, "cross_attention", "core", scale=1.0)


@wrong("C012", f"{DRAWN}/softmax")
def softmax_over_queries() -> Document:
    """Shares sum to one over those who look, not over what is looked at."""
    return setting(drawn_reader(), DRAWN, "softmax", axis="queries")


@wrong("C012", f"{DRAWN}/softmax")
def softmax_over_heads() -> Document:
    """Heads compete for each pair of positions."""
    return setting(drawn_gpt(), DRAWN, "softmax", axis="heads")


@wrong("R024", f"{DRAWN}/again")
def double_softmax() -> Document:
    """Shares are shared out once more."""
    nodes = {"again": node("softmax")}
    return changed(drawn_gpt(), DRAWN, nodes=nodes, drop="softmax.y>drop.x", add="softmax.y>again.x again.y>drop.x")


@wrong("C012", f"{DRAWN}/halve")
def weights_scaled_again() -> Document:
    """Weights are halved before they meet the values."""
    nodes = {"halve": node("scale", factor=0.5)}
    return changed(drawn_gpt(), DRAWN, nodes=nodes, drop="softmax.y>drop.x", add="softmax.y>halve.x halve.y>drop.x")


@wrong("R024", "model/shares")
def softmax_of_the_logits() -> Document:
    """The model gives shares where the loss wants logits."""
    return logits_through(shares=node("softmax"))


@wrong("R026", "grouped_query_attention/k_heads.y>core.k")
def rotary_queries_alone() -> Document:
    """Queries are turned by their position and keys are not."""
    return changed(llama(), "grouped_query_attention", gone=("k_rope",), add="k_heads.y>core.k")


@wrong("R026", "grouped_query_attention/k_rope")
def rotary_keys_at_another_speed() -> Document:
    """Keys are turned faster than queries."""
    return setting(llama(), "grouped_query_attention", "k_rope", theta=100.0)


@wrong("R028", "model/relu")
def relu_on_the_logits() -> Document:
    """Logits below zero are cut off."""
    return logits_through(relu=node("activation"))


@wrong("R028", "model/drop")
def dropout_of_the_logits() -> Document:
    """In training a tenth of the logits is zero by chance; a scale stands behind."""
    return logits_through(drop=node("dropout", p=0.1), cool=node("scale", factor=0.7))


@wrong("R029", "grouped_query_attention/v_rope.y>core.v")
def rotary_values() -> Document:
    """Values are turned by their position as queries and keys are."""
    nodes = {"v_rope": node("rope")}
    drop, add = "v_heads.y>core.v", "v_heads.y>v_rope.x v_rope.y>core.v"
    return changed(llama(), "grouped_query_attention", nodes=nodes, drop=drop, add=add)


@wrong("R029", "grouped_query_attention/k_rope.y>core.v")
def turned_keys_as_values() -> Document:
    """Keys serve as values too, but turned as they are."""
    gone = ("v_proj", "v_heads")
    return changed(llama(), "grouped_query_attention", gone=gone, add="k_rope.y>core.v")


@wrong("R029", f"{DRAWN}/v_rope.y>mix.b")
def rotary_values_from_primitives() -> Document:
    """The same, drawn: shares are multiplied by turned values."""
    nodes = {"v_rope": node("rope")}
    return changed(drawn_gpt(), DRAWN, nodes=nodes, drop="v_heads.y>mix.b", add="v_heads.y>v_rope.x v_rope.y>mix.b")
