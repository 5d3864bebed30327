"""The composites that come with the builder: ordinary definitions, which the user may open and change."""

from __future__ import annotations

from collections.abc import Mapping

from builder.composites import attention, bert, blocks, feedforward, llama, primitives, t5, t5_attention
from builder.composites.terms import ATTENTION, REAL
from builder.document import Definition

__all__ = ["ATTENTION", "LIBRARY", "REAL"]

_MAKERS = (
    attention.multi_head_attention,
    primitives.attention_from_primitives,
    llama.grouped_query_attention,
    llama.qk_norm_attention,
    attention.cross_attention,
    t5_attention.t5_attention,
    t5_attention.t5_cross_attention,
    feedforward.feed_forward,
    feedforward.glu_feed_forward,
    t5_attention.t5_feed_forward,
    t5_attention.t5_gated_feed_forward,
    blocks.encoder_block,
    blocks.decoder_block,
    blocks.pre_norm_encoder_block,
    blocks.pre_norm_decoder_block,
    blocks.gpt_block,
    llama.llama_block,
    llama.moe_block,
    bert.bert_block,
    t5.t5_encoder_block,
    t5.t5_decoder_block,
    t5.t5_gated_encoder_block,
    t5.t5_gated_decoder_block,
    bert.vit_block,
    bert.bert_pooler,
)
LIBRARY: Mapping[str, Definition] = {definition.name: definition for definition in (make() for make in _MAKERS)}
