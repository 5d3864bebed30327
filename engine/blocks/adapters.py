"""Training little of a large model: low-rank updates of frozen matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block

RANK = Setting("Rank of an adapter, which is trained instead of the matrix; 0 is none.", low=0, unit="features")
ALPHA = Setting("Strength of the adapter, which is scaled by alpha / rank.", low=0)


class Adaptable(nn.Linear):
    """A linear layer whose matrix may stay as it is, with a trained update of low rank beside it.

    The update starts at zero, so that the model starts as it was. `weight` and `bias` are those of a linear layer.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685, eq. 3.

    Args:
        d_in: Width of the vectors that come in.
        d_out: Width of the vectors that go out.
        bias: Add a vector, frozen like the matrix.
        rank: Rank of the update; 0 is none, and all is trained as usual.
        alpha: Its strength; it is scaled by `alpha / rank`.
    """

    lora_a: nn.Parameter | None
    lora_b: nn.Parameter | None

    def __init__(self, d_in: int, d_out: int, *, bias: bool = True, rank: int, alpha: float) -> None:
        super().__init__(d_in, d_out, bias=bias)
        if not rank:
            self.lora_a = self.lora_b = None
            return
        self.requires_grad_(False)
        self.by = alpha / rank
        self.lora_a = nn.Parameter(torch.empty(rank, d_in))
        self.lora_b = nn.Parameter(torch.zeros(d_out, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Project x (…, d_in) to (…, d_out)."""
        y = F.linear(x, self.weight, self.bias)  # (…, d_out)
        if self.lora_a is None or self.lora_b is None:
            return y
        return y + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.by

    def update(self) -> Tensor | None:
        """What the adapter adds to the matrix, (d_out, d_in); `None` without one."""
        return None if self.lora_a is None or self.lora_b is None else self.by * self.lora_b @ self.lora_a


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
class LoraLinear(Adaptable):
    """A linear layer whose matrix stays as it is, with a trained update of low rank beside it.

    The update starts at zero, so that the model starts as it was. `weight` and `bias` are those of a Linear block.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685, eq. 3.
    """

    def __init__(self, config: LoraLinearConfig) -> None:
        self.config = config
        super().__init__(config.d_in, config.d_out, bias=config.bias, rank=config.rank, alpha=config.alpha)

    def reset_parameters(self) -> None:
        """Draw the starting values of the frozen part, as a Linear block does."""
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
