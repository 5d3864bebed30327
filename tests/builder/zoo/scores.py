"""Wrong scores and weights."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import changed, drawn_gpt, drawn_reader, gpt, llama, setting, wrong

DRAWN = "attention_from_primitives"


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
    nodes = {"shares": node("softmax")}
    drop, add = "lm_head.logits>logits.value", "lm_head.logits>shares.x shares.y>logits.value"
    return changed(gpt(), "model", nodes=nodes, drop=drop, add=add)


@wrong("R026", "grouped_query_attention/k_heads.y>core.k")
def rotary_queries_alone() -> Document:
    """Queries are turned by their position and keys are not."""
    return changed(llama(), "grouped_query_attention", gone=("k_rope",), add="k_heads.y>core.k")


@wrong("R026", "grouped_query_attention/k_rope")
def rotary_keys_at_another_speed() -> Document:
    """Keys are turned faster than queries."""
    return setting(llama(), "grouped_query_attention", "k_rope", theta=100.0)
