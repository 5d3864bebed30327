"""Wrong masks: the future is seen, the past is hidden, padding is mixed in."""

from __future__ import annotations

from dataclasses import replace

from builder.document import Document
from tests.builder.zoo.base import (
    bert,
    changed,
    drawn_gpt,
    drawn_reader,
    gpt,
    reader,
    setting,
    translator,
    writer_with_a_linear_head,
    wrong,
)

CORE, DRAWN = "multi_head_attention/core", "attention_from_primitives"


@wrong("C001", CORE)
def leaking_mask() -> Document:
    """Attention of a model that writes has no mask."""
    return setting(gpt(), "model", "blocks", mask="none")


@wrong("C001", CORE)
def leaking_mask_of_a_writer_with_a_linear_head() -> Document:
    """The task is to write, and nothing else says so: the head is a plain linear layer and no mask is causal."""
    return setting(writer_with_a_linear_head(), "model", "blocks", mask="none")


@wrong("C001", CORE)
def leaking_mask_in_one_layer() -> Document:
    """Only the second layer has no mask."""
    model = gpt(n_layers=4)
    blocks = model.main.nodes["blocks"]
    return changed(model, "model", nodes={"blocks": replace(blocks, overrides={2: {"mask": "none"}})})


@wrong("C001", CORE)
def inverted_mask() -> Document:
    """The mask hides what came before and shows what comes after."""
    return setting(gpt(), "multi_head_attention", "core", mask="anticausal")


@wrong("C001", CORE)
def padding_mask_where_a_causal_one_belongs() -> Document:
    """The decoder hides padding but not the future."""
    return setting(translator(), "model", "decoder", mask="padding")


@wrong("C001", f"{DRAWN}/mask")
def drawn_mask_that_hides_nothing() -> Document:
    """Attention from primitives has a mask with the pattern none."""
    return drawn_gpt("none")


@wrong("C001", f"{DRAWN}/mask")
def drawn_mask_that_is_inverted() -> Document:
    """Attention from primitives hides the past."""
    return drawn_gpt("anticausal")


@wrong("C001", f"{DRAWN}/scale.y>softmax.x")
def no_mask_at_all() -> Document:
    """Scores go straight into the softmax."""
    return changed(drawn_gpt(), DRAWN, gone=("mask",), add="scale.y>softmax.x")


@wrong("C019", f"{DRAWN}/mask")
def mask_behind_the_softmax() -> Document:
    """The mask sets weights to −∞, not scores."""
    return changed(
        drawn_gpt(), DRAWN,
        drop="scale.y>mask.scores mask.y>softmax.x softmax.y>drop.x",
        add="scale.y>softmax.x softmax.y>mask.scores mask.y>drop.x",
    )  # fmt: skip


@wrong("C001", f"{DRAWN}/mask")
def prefix_that_never_ends() -> Document:
    """The part in which all see all is as long as the text."""
    return setting(drawn_gpt(), DRAWN, "mask", pattern="prefix", prefix=24)


@wrong("R004", f"{DRAWN}/mask.window")
def window_of_nothing() -> Document:
    """A sliding window of 0 positions shows nothing."""
    return setting(drawn_gpt(), DRAWN, "mask", pattern="sliding_window", window=0)


@wrong("C002", CORE)
def window_of_one() -> Document:
    """A window of one position shows a token nothing but itself."""
    return setting(gpt(), "multi_head_attention", "core", window=1)


@wrong("C002", CORE)
def causal_mask_in_bert() -> Document:
    """A model that fills in must see both sides, and sees the left one only."""
    return setting(bert(), "model", "blocks", mask="both")


@wrong("C002", CORE)
def causal_mask_in_an_encoder() -> Document:
    """The encoder of a translator reads its source as if it wrote it."""
    return setting(translator(), "model", "encoder", mask="both")


@wrong("C002", CORE)
def causal_mask_in_a_classifier() -> Document:
    """The first token is classified by itself alone."""
    return setting(setting(reader(), "model", "blocks", mask="both"), "model", "pool", how="last")


@wrong("C003", CORE)
def padding_attended() -> Document:
    """A classifier gets padding, and its attention does not hide it."""
    return setting(reader(), "model", "blocks", mask="none")


@wrong("C003", f"{DRAWN}/scale.y>softmax.x")
def padding_attended_for_want_of_a_mask() -> Document:
    """Attention from primitives has no mask that could hide padding."""
    return changed(drawn_reader(), DRAWN, gone=("mask",), add="scale.y>softmax.x")


@wrong("C003", "model/decoder.memory_padding")
def padding_not_passed_to_the_decoder() -> Document:
    """The decoder is not told what is padding in its memory."""
    return changed(translator(), "model", drop="source_padding.value>decoder.memory_padding")


@wrong("C003", "decoder_block/cross.padding")
def padding_not_passed_to_cross_attention() -> Document:
    """The decoder's block knows the padding of its memory and keeps it for itself."""
    return changed(translator(), "decoder_block", drop="memory_padding.value>cross.padding")


@wrong("C003", "model/encoder.padding")
def padding_not_passed_to_the_encoder() -> Document:
    """The encoder is not told what is padding."""
    return changed(translator(), "model", drop="source_padding.value>encoder.padding")


@wrong("C003", "model/pool.padding")
def pooling_over_padding() -> Document:
    """The mean over a sequence counts its filling."""
    return changed(reader(), "model", drop="padding.value>pool.padding")


@wrong("C003", f"{DRAWN}/mask.padding")
def drawn_mask_without_padding() -> Document:
    """Attention from primitives has a mask that padding is not wired to."""
    return changed(drawn_reader(), DRAWN, drop="padding.value>mask.padding")
