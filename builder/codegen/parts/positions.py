"""Where a token stands."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def positions(x: Tensor) -> Tensor:
    """0, 1 ... T - 1 for x (B, T, D), (T,)."""
    return torch.arange(x.shape[1], device=x.device)


class SinusoidalPositions(nn.Module):
    """Adds waves of different lengths, so that each position has its own pattern.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.5.

    Args:
        max_len: Longest sequence.
        d_model: Width of the vectors.
    """

    table: Tensor

    def __init__(self, max_len: int, d_model: int) -> None:
        super().__init__()
        pairs = torch.arange(0, d_model, 2, dtype=torch.float64)
        speed = torch.exp(pairs * (-math.log(10_000.0) / d_model))
        angle = torch.outer(torch.arange(max_len, dtype=torch.float64), speed)
        waves = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
        table = waves[:, :d_model].float()  # (L, D)
        self.register_buffer("table", table, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add the positions to x (B, T, D).

        Raises:
            ValueError: If there are more tokens than positions.
        """
        T, longest = x.shape[1], self.table.shape[0]
        if longest < T:
            raise ValueError(f"{T} tokens are more than the {longest} positions.")
        return x + self.table[:T]  # (B, T, D)
