"""All blocks; importing this package puts them into `spec.CATALOGUE`."""

from __future__ import annotations

from engine.blocks import activation, attention, embedding, heads, linear, norm, position, wiring
from engine.blocks.spec import CATALOGUE

__all__ = [
    "CATALOGUE",
    "activation",
    "attention",
    "embedding",
    "heads",
    "linear",
    "norm",
    "position",
    "wiring",
]
