"""All blocks; importing this package puts them into `spec.CATALOGUE`."""

from __future__ import annotations

from engine.blocks import (
    activation,
    attention,
    biases,
    embedding,
    heads,
    linear,
    masks,
    norm,
    position,
    primitives,
    rotary,
    splitting,
    task_heads,
    wiring,
)
from engine.blocks.spec import CATALOGUE

__all__ = [
    "CATALOGUE",
    "activation",
    "attention",
    "biases",
    "embedding",
    "heads",
    "linear",
    "masks",
    "norm",
    "position",
    "primitives",
    "rotary",
    "splitting",
    "task_heads",
    "wiring",
]
