"""Rotary positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def turn(x: Tensor, speed: Tensor) -> Tensor:
    """Turn each pair of features (i, i + K/2) of x by its position times its speed."""
    T, K = x.shape[-2:]
    angle = torch.arange(T, device=x.device).float()[:, None] * speed  # (T, K // 2)
    cos, sin = angle.cos(), angle.sin()
    cos = torch.cat((cos, cos), dim=-1).to(x.dtype)  # (T, K)
    sin = torch.cat((-sin, sin), dim=-1).to(x.dtype)  # (T, K)
    return x * cos + x.roll(K // 2, -1) * sin


def rope_speeds(x: Tensor, theta: float) -> Tensor:
    """Angle per position of each pair of features, (K // 2,)."""
    K = x.shape[-1]
    pairs = torch.arange(0, K, 2, dtype=torch.float32, device=x.device)
    return 1.0 / theta ** (pairs / K)


def rope(x: Tensor, theta: float) -> Tensor:
    """Turn queries or keys (B, H, T, K) by angles that grow with their position.

    Source: Su et al., "RoFormer", arXiv:2104.09864, eq. 34.
    """
    return turn(x, rope_speeds(x, theta))


def scaled_rope(
    x: Tensor,
    theta: float,
    *,
    scaling: str,
    factor: float,
    low_freq_factor: float = 1.0,
    high_freq_factor: float = 4.0,
    old_len: int = 8192,
) -> Tensor:
    """Rotary positions of a model that is stretched to texts `factor` times longer.

    Sources: linear, Chen et al., arXiv:2306.15595; ntk, arXiv:2309.00071; llama3,
    Grattafiori et al., "The Llama 3 Herd of Models", arXiv:2407.21783.
    """
    K = x.shape[-1]
    if scaling == "ntk" and K > 2:
        theta *= factor ** (K / (K - 2))
    speed = rope_speeds(x, theta)
    if scaling == "linear":
        speed = speed / factor
    if scaling == "llama3":
        low, high, wave = low_freq_factor, high_freq_factor, 2 * math.pi / speed
        slow = torch.where(wave > old_len / low, speed / factor, speed)
        share = (old_len / wave - low) / (high - low)
        mixed = (1 - share) * slow / factor + share * slow
        between = ~(wave < old_len / high) * ~(wave > old_len / low)
        speed = torch.where(between, mixed, slow)
    return turn(x, speed)
