"""The learned matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class LinearConfig(BlockConfig):
    """Settings of `Linear`."""

    d_in: Annotated[int, Setting("Width of what comes in.", low=1, unit="features")] = 512
    d_out: Annotated[int, Setting("Width of what goes out.", low=1, unit="features")] = 512
    bias: Annotated[bool, Setting("Add a learned vector after the product.")] = True


@block(
    "linear",
    title="Linear",
    family="Feed-forward",
    config=LinearConfig,
    inputs=(Port(name="x", kind="any", shape="... d_in", about="Vectors."),),
    outputs=(Port(name="y", kind="any", shape="... d_out", about="Each vector, projected."),),
    formula="x Wᵀ + b",
    paper="Glorot & Bengio, “Understanding the difficulty of training deep feedforward neural networks”, AISTATS 2010",
)
class Linear(nn.Linear):
    """Multiplies each vector by a learned matrix and adds a learned bias.

    Starting values: Glorot & Bengio, “Understanding the difficulty of training deep feedforward neural
    networks”, 2010, uniform; the bias starts at zero.
    """

    def __init__(self, config: LinearConfig) -> None:
        self.config = config
        super().__init__(config.d_in, config.d_out, bias=config.bias)

    def reset_parameters(self) -> None:
        """Draw the starting values."""
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Project.

        Args:
            x: Vectors, (…, d_in).

        Returns:
            The projections, (…, d_out).
        """
        return F.linear(x, self.weight, self.bias)  # (…, d_out)
