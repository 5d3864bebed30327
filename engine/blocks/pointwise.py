"""Entry by entry: sums, products, gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from engine.blocks.activation import FUNCTIONS
from engine.blocks.spec import BlockConfig, Port, Setting, block

A = Port(name="a", kind="any", shape="...", about="Numbers.")
B = Port(name="b", kind="any", shape="*...", about="As many numbers, or fewer, which are then repeated.")


def unchanged(x: Tensor) -> Tensor:
    """Gives `x` itself: a gate without a function."""
    return x


GATES: dict[str, Callable[[Tensor], Tensor]] = {**FUNCTIONS, "sigmoid": torch.sigmoid, "none": unchanged}


@dataclass(frozen=True, kw_only=True)
class PlainConfig(BlockConfig):
    """No settings."""


@block(
    "add",
    title="Add",
    family="Norm and wiring",
    config=PlainConfig,
    inputs=(A, B),
    outputs=(Port(name="y", kind="any", shape="...", about="The sum."),),
    formula="a + b",
    paper="Stepwise’s own; no paper.",
)
class Add(nn.Module):
    """Adds two tensors, entry by entry; the second may have fewer dimensions, or size 1 in some."""

    def __init__(self, config: PlainConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Add; the shape is that of `a`."""
        return a + b


@block(
    "multiply",
    title="Multiply",
    family="Norm and wiring",
    config=PlainConfig,
    inputs=(A, B),
    outputs=(Port(name="y", kind="any", shape="...", about="The product."),),
    formula="a ⊙ b",
    paper="Stepwise’s own; no paper.",
)
class Multiply(nn.Module):
    """Multiplies two tensors, entry by entry; the second may have fewer dimensions, or size 1 in some."""

    def __init__(self, config: PlainConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Multiply; the shape is that of `a`."""
        return a * b


@dataclass(frozen=True, kw_only=True)
class GateConfig(BlockConfig):
    """Settings of `Gate`."""

    activation: Annotated[
        str,
        Setting(
            "What is applied to the gate: SiLU makes SwiGLU, GELU GEGLU, sigmoid the first GLU, none a product.",
            choices=tuple(GATES),
        ),
    ] = "silu"


@block(
    "gate",
    title="Gate",
    family="Feed-forward",
    config=GateConfig,
    inputs=(
        Port(name="x", kind="any", shape="...", about="What is let through."),
        Port(name="gate", kind="any", shape="...", about="How much of each entry is let through."),
    ),
    outputs=(Port(name="y", kind="any", shape="...", about="What came through."),),
    formula="act(gate) ⊙ x",
    paper="Shazeer, “GLU Variants Improve Transformer”, arXiv:2002.05202, eq. 5",
)
class Gate(nn.Module):
    """Lets each entry through by as much as a gate, computed from the same input, is open.

    Source: Shazeer, "GLU Variants Improve Transformer", arXiv:2002.05202, eq. 5; the first of its kind in
    Dauphin et al., "Language Modeling with Gated Convolutional Networks", arXiv:1612.08083.
    """

    def __init__(self, config: GateConfig) -> None:
        super().__init__()
        self.config = config
        self.function = GATES[config.activation]

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        """Let `x` through its gate; shapes stay."""
        return self.function(gate) * x

    def extra_repr(self) -> str:
        """The gate's function."""
        return self.config.activation
