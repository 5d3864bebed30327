"""Training little of a large model."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LoraLinear(nn.Linear):
    """A projection that stays as it is, with a trained update of low rank beside it.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models",
    arXiv:2106.09685, eq. 3.

    Args:
        d_in: Width of the vectors that come in.
        d_out: Width of the vectors that go out.
        bias: Add a vector, frozen like the matrix.
        rank: Rank of the update; 0 is none, and all is trained as usual.
        alpha: Strength of the update, which is scaled by alpha / rank.
    """

    def __init__(
        self,
        d_in: int,
        d_out: int,
        bias: bool = True,
        *,
        rank: int,
        alpha: float,
    ) -> None:
        super().__init__(d_in, d_out, bias=bias)
        self.lora_a = self.lora_b = None
        if not rank:
            return
        self.requires_grad_(False)
        self.strength = alpha / rank
        self.lora_a = nn.Parameter(torch.empty(rank, d_in))
        self.lora_b = nn.Parameter(torch.zeros(d_out, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Project x (..., d_in) to (..., d_out)."""
        y = super().forward(x)
        if self.lora_a is None or self.lora_b is None:
            return y
        return y + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.strength
