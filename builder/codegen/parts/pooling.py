"""One vector for a sequence."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_of_real(x: Tensor, padding: Tensor | None) -> Tensor:
    """The mean of x (B, T, D) where padding (B, T) is True, (B, D)."""
    if padding is None:
        return x.mean(dim=1)
    real = padding.unsqueeze(-1).to(x.dtype)  # (B, T, 1)
    return (x * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)


def first_real(x: Tensor, padding: Tensor | None) -> Tensor:
    """The first position of x (B, T, D) where padding (B, T) is True, (B, D)."""
    if padding is None:
        return x[:, 0]
    return x[torch.arange(x.shape[0], device=x.device), padding.int().argmax(dim=1)]


def last_real(x: Tensor, padding: Tensor | None) -> Tensor:
    """The last position of x (B, T, D) where padding (B, T) is True, (B, D)."""
    if padding is None:
        return x[:, -1]
    place = padding.shape[1] - 1 - padding.int().flip(1).argmax(dim=1)  # (B,)
    return x[torch.arange(x.shape[0], device=x.device), place]


def pool(x: Tensor, how: str, padding: Tensor | None = None) -> Tensor:
    """The mean, the first or the last position of x (B, T, D), (B, D)."""
    if how == "mean":
        return mean_of_real(x, padding)
    return first_real(x, padding) if how == "first" else last_real(x, padding)
