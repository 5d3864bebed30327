"""Words and settings that the composites of this package share."""

from __future__ import annotations

from collections.abc import Mapping

ATTENTION = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762"
X, MEMORY, PADDING, MEMORY_PADDING = "B T d_model", "B S d_model", "B T", "B S"
REAL = "True where a token is real."
MEMORY_REAL = "True where a token of the memory is real."
FOUND = "What the encoder found out."

HEADS: Mapping[str, str] = {"d_model": "d_model", "n_heads": "n_heads", "dropout": "dropout"}
WIDTHS: Mapping[str, str] = {"d_model": "d_model", "d_ff": "d_ff", "activation": "activation"}
GROUPED: Mapping[str, str] = {**HEADS, **{name: name for name in ("n_kv_heads", "d_head", "theta")}}
SQUARE: Mapping[str, str] = {"d_in": "d_model", "d_out": "d_model", "bias": "bias"}
NORM: Mapping[str, str] = {"d_model": "d_model", "eps": "eps"}
