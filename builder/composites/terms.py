"""Words and settings that the composites of this package share."""

from __future__ import annotations

from collections.abc import Mapping

from builder.assemble import Sketch

ATTENTION = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762"
X, MEMORY, PADDING, MEMORY_PADDING = "B T d_model", "B S d_model", "B T", "B S"
REAL = "True where a token is real."
MEMORY_REAL = "True where a token of the memory is real."
FOUND = "What the encoder found out."

HEADS: Mapping[str, str] = {"d_model": "d_model", "n_heads": "n_heads", "dropout": "dropout"}
WIDTHS: Mapping[str, str] = {"d_model": "d_model", "d_ff": "d_ff", "activation": "activation"}
NORM: Mapping[str, str] = {"d_model": "d_model", "eps": "eps"}


def add_residual(d: Sketch, name: str, stream: str, at: tuple[float, float]) -> str:
    """Add the update of node `name` to the residual stream, with dropout; returns the port of the sum."""
    d.add(f"{name}_add", "residual_add", {"x": stream, "update": name}, at, dropout="dropout")
    return f"{name}_add.sum"
