"""Attention that was drawn step by step, by torch's fused kernel."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def attend_to_scores(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    bias: Tensor | None = None,
    padding: Tensor | None = None,
    allowed: Tensor | None = None,
    pattern: str = "none",
    window: int = 0,
    prefix: int = 0,
    scale: float = 1.0,
    dropout_p: float = 0.0,
) -> Tensor:
    """Scores, scale, mask, softmax and the mean of the values at once, (B, H, T, K).

    Args:
        q: Queries, (B, H, T, K).
        k: Keys, (B, H, S, K).
        v: Values, (B, H, S, K).
        bias: Added to the scores, (B, H, T, S).
        padding: True where a key is a real token, (B, S).
        allowed: True where a query may look at a key, (T, S).
        pattern: none or padding, causal or both, anticausal, sliding_window, prefix.
        window: How many keys a sliding window shows.
        prefix: How many first keys every query sees.
        scale: What scores are multiplied by.
        dropout_p: Share of the weights to drop.
    """
    T, S = q.shape[-2], k.shape[-2]
    lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])  # type: ignore[no-untyped-call]
    q, k, v = (x.expand(*lead, -1, -1) for x in (q, k, v))
    simple = bias is None and padding is None and allowed is None
    anywhere, causal = pattern in ("none", "padding"), pattern in ("causal", "both")
    if simple and (anywhere or (causal and T == S)):
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            dropout_p=dropout_p,
            is_causal=causal,
            scale=scale,
        )
    mask = allowed
    if not anywhere:
        place = seen_by_position(T, S, pattern, window, prefix, q.device)  # (T, S)
        mask = place if mask is None else mask & place
    if padding is not None:
        real = padding[:, None, None, :]  # (B, 1, 1, S)
        mask = real if mask is None else mask & real
    if mask is None:
        return F.scaled_dot_product_attention(q, k, v, bias, dropout_p, scale=scale)
    some = mask.any(dim=-1, keepdim=True)
    mask = mask | ~some
    mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
    y = F.scaled_dot_product_attention(q, k, v, mask, dropout_p, scale=scale)
    return y.masked_fill(~some, 0.0)


def seen_by_position(
    T: int,
    S: int,
    pattern: str,
    window: int,
    prefix: int,
    device: torch.device,
) -> Tensor:
    """Where a pattern lets a query look at a key, (T, S)."""
    everything = torch.ones(T, S, dtype=torch.bool, device=device)
    if pattern == "anticausal":
        return everything.triu(S - T)
    allowed = everything.tril(S - T)
    if pattern == "sliding_window":
        allowed = allowed & everything.triu(S - T - window + 1)
    if pattern == "prefix":
        allowed = allowed | (torch.arange(S, device=device) < prefix)
    return allowed
