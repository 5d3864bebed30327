"""Training little of a large model: low-rank updates of frozen matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class LoraLinearConfig(BlockConfig):
    """Settings of `LoraLinear`."""

    d_in: Annotated[int, Setting("Width of the vectors that come in.", low=1, unit="features")] = 512
    d_out: Annotated[int, Setting("Width of the vectors that go out.", low=1, unit="features")] = 512
    bias: Annotated[bool, Setting("Add a vector, frozen like the matrix.")] = True
    rank: Annotated[int, Setting("Rank of the update; a few are often enough.", low=1, unit="features")] = 8
    alpha: Annotated[float, Setting("Strength of the update, which is scaled by alpha / rank.", low=0)] = 16.0


@block(
    "lora_linear",
    title="LoRA linear",
    family="Feed-forward",
    config=LoraLinearConfig,
    inputs=(Port(name="x", kind="any", shape="... d_in", about="Vectors."),),
    outputs=(Port(name="y", kind="any", shape="... d_out", about="Their projections."),),
    formula="x Wᵀ + b + (α/r) x Aᵀ Bᵀ",
    paper="Hu et al., “LoRA: Low-Rank Adaptation of Large Language Models”, arXiv:2106.09685, eq. 3",
)
class LoraLinear(nn.Linear):
    """A linear layer whose matrix stays as it is, with a trained update of low rank beside it.

    The update starts at zero, so that the model starts as it was. `weight` and `bias` are those of a Linear block.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685, eq. 3.
    """

    def __init__(self, config: LoraLinearConfig) -> None:
        self.config = config
        super().__init__(config.d_in, config.d_out, bias=config.bias)
        self.lora_a = nn.Parameter(torch.empty(config.rank, config.d_in))
        self.lora_b = nn.Parameter(torch.zeros(config.d_out, config.rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))
        self.by = config.alpha / config.rank
        for frozen in (self.weight, self.bias):
            if frozen is not None:
                frozen.requires_grad_(False)

    def reset_parameters(self) -> None:
        """Draw the starting values of the frozen part, as a Linear block does."""
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
        update = F.linear(F.linear(x, self.lora_a), self.lora_b)  # (…, d_out)
        return F.linear(x, self.weight, self.bias) + update * self.by
