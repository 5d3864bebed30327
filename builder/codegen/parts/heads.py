"""Parting vectors into heads, joining them, and sharing heads of keys and values."""

from __future__ import annotations

from torch import Tensor


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Part each vector into heads: (B, T, D) to (B, H, T, K)."""
    B, T, D = x.shape
    return x.view(B, T, n_heads, D // n_heads).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Put the heads side by side again: (B, H, T, K) to (B, T, D)."""
    return x.transpose(1, 2).flatten(2)


def repeat_heads(x: Tensor, n_heads: int) -> Tensor:
    """Give each group of queries its one head: (B, G, S, K) to (B, H, S, K)."""
    return x.repeat_interleave(n_heads // x.shape[1], dim=1)
