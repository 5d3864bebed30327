"""The composites that come with the builder: ordinary definitions, which the user may open and change."""

from __future__ import annotations

from collections.abc import Mapping

from builder.composites import attention, blocks, feedforward
from builder.composites.terms import ATTENTION, REAL
from builder.document import Definition

__all__ = ["ATTENTION", "LIBRARY", "REAL"]

_MAKERS = (
    attention.multi_head_attention,
    attention.cross_attention,
    feedforward.feed_forward,
    blocks.encoder_block,
    blocks.decoder_block,
    blocks.gpt_block,
)
LIBRARY: Mapping[str, Definition] = {definition.name: definition for definition in (make() for make in _MAKERS)}
