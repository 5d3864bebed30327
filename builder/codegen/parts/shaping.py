"""Dimensions by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def dimension(axis: str) -> int:
    """The dimension that is called so, counted from the end."""
    last = ("features", "keys")
    return -1 if axis in last else -2 if axis in ("positions", "queries") else -3


def cut(x: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """The piece of x from `start` to `stop` along a dimension; 0 is the end."""
    part = slice(start, stop or None)
    return x[(..., part, *[slice(None)] * (-1 - dim))]


def swapped(x: Tensor, a_axis: str, b_axis: str) -> Tensor:
    """Let two dimensions of x change places."""
    return x.transpose(dimension(a_axis), dimension(b_axis))


class ClassToken(nn.Module):
    """Puts one learned vector in front of a sequence.

    Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929,
    eq. 1.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_model))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """From x (B, T, D) to (B, T + 1, D)."""
        return torch.cat((self.weight.expand(x.shape[0], 1, -1), x), dim=1)
