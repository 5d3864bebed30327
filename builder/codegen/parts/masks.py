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
        pattern: What is hidden by position, see seen_by_position.
        window: How many keys a sliding window shows.
        prefix: How many first keys every query sees.
    """
    T, S = scores.shape[-2:]
    place = seen_by_position(T, S, pattern, window, prefix, scores.device)
    return scores if place is None else scores.masked_fill(~place, -math.inf)


def seen_by_position(
    T: int,
    S: int,
    pattern: str,
    window: int,
    prefix: int,
    device: torch.device,
) -> Tensor | None:
    """Where a pattern lets a query look at a key, (T, S); None: everywhere.

    Patterns: none or padding, causal or both, anticausal, sliding_window, prefix.
    """
    if pattern in ("none", "padding"):
        return None
    everything = torch.ones(T, S, dtype=torch.bool, device=device)
    if pattern == "anticausal":
        return everything.triu(S - T)
    allowed = everything.tril(S - T)
    if pattern == "sliding_window":
        allowed = allowed & everything.triu(S - T - window + 1)
    if pattern == "prefix":
        allowed = allowed | (torch.arange(S, device=device) < prefix)
    return allowed


def hide_padding(scores: Tensor, padding: Tensor | None) -> Tensor:
    """Set scores (B, H, T, S) to -inf where padding (B, S) is False."""
    if padding is None:
        return scores
    return scores.masked_fill(~padding[:, None, None, :], -math.inf)


def hide_unless(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """Set scores (B, H, T, S) to -inf where allowed (T, S) is False."""
    return scores if allowed is None else scores.masked_fill(~allowed, -math.inf)
