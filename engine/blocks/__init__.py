"""All blocks; importing this package puts them into `spec.CATALOGUE`."""

from __future__ import annotations

from engine.blocks import (
    activation,
    adapters,
    attention,
    biases,
    embedding,
    heads,
    images,
    linear,
    masks,
    mixture,
    norm,
    pointwise,
    position,
    primitives,
    rotary,
    shaping,
    splitting,
    task_heads,
    wiring,
)
from engine.blocks.spec import CATALOGUE
from engine.plugins import load

__all__ = [
    "CATALOGUE",
    "activation",
    "adapters",
    "attention",
    "biases",
    "embedding",
    "heads",
    "images",
    "linear",
    "masks",
    "mixture",
    "norm",
    "pointwise",
    "position",
    "primitives",
    "rotary",
    "shaping",
    "splitting",
    "task_heads",
    "wiring",
]

CATALOGUE.later(lambda: load("stepwise.blocks"))
