"""Wires that are missing, go round or lead astray."""

from __future__ import annotations

from builder.document import Document
from tests.builder.drawn import node
from tests.builder.zoo.base import changed, gpt, reader, setting, wrong


@wrong("R006", "model/logits.value")
def output_without_a_wire() -> Document:
    """Nothing is wired to the logits."""
    return changed(gpt(), "model", drop="lm_head.logits>logits.value")


@wrong("R001", "gpt_block/ffn.x")
def input_without_a_wire() -> Document:
    """The feed-forward gets nothing."""
    return changed(gpt(), "gpt_block", drop="ffn_norm.y>ffn.x")


@wrong("R009", "gpt_block/ffn_norm.y>loop.update", mended=True)
def wires_in_a_circle() -> Document:
    """A sum that hangs on itself."""
    nodes = {"loop": node("residual_add")}
    add = "attn_add.sum>loop.x loop.sum>ffn_norm.x ffn_norm.y>loop.update"
    return changed(gpt(), "gpt_block", nodes=nodes, drop="attn_add.sum>ffn_norm.x", add=add)


@wrong("S002", "model/tokens.value>pos_emb.x")
def tokens_that_are_not_embedded() -> Document:
    """Ids of tokens go where vectors belong."""
    return changed(gpt(), "model", gone=("tok_emb",), add="tokens.value>pos_emb.x")


@wrong("R003", "feed_forward/up.d_out")
def size_that_nobody_knows() -> Document:
    """A width is called by a name that does not exist."""
    return setting(gpt(), "feed_forward", "up", d_out="d_f")


@wrong("R002", "gpt_block/attn")
def block_that_is_not_installed() -> Document:
    """Attention of a plugin that is not there."""
    return changed(gpt(), "gpt_block", nodes={"attn": node("flash_attention")})


@wrong("R008", "model/padding")
def padding_that_nobody_asks_for() -> Document:
    """The model takes padding and does nothing with it."""
    return changed(reader(), "model", drop="padding.value>blocks.padding padding.value>pool.padding")
