"""Scores that become -inf where a key is hidden."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def hide_by_position(
    scores: Tensor,
    pattern: str,
    *,
    window: int = 0,
    prefix: int = 0,
) -> Tensor:
    """Set scores (B, H, T, S) to -inf where a pattern hides a key from a query.

    Args:
        scores: How well each key fits each query.
        pattern: none or padding, causal or both, anticausal, sliding_window, prefix.
        window: How many keys a sliding window shows.
        prefix: How many first keys every query sees.
    """
    if pattern in ("none", "padding"):
        return scores
    T, S = scores.shape[-2:]
    everything = torch.ones(T, S, dtype=torch.bool, device=scores.device)
    allowed = everything.tril(S - T)
    if pattern == "anticausal":
        allowed = everything.triu(S - T)
    if pattern == "sliding_window":
        allowed = allowed & everything.triu(S - T - window + 1)
    if pattern == "prefix":
        allowed = allowed | (torch.arange(S, device=scores.device) < prefix)
    return scores.masked_fill(~allowed, -math.inf)


def hide_padding(scores: Tensor, padding: Tensor | None) -> Tensor:
    """Set scores (B, H, T, S) to -inf where padding (B, S) is False."""
    if padding is None:
        return scores
    return scores.masked_fill(~padding[:, None, None, :], -math.inf)


def hide_unless(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """Set scores (B, H, T, S) to -inf where allowed (T, S) is False."""
    return scores if allowed is None else scores.masked_fill(~allowed, -math.inf)
