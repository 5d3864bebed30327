"""Attention that was drawn step by step, by torch's fused kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from builder.codegen.parts.attending import attend_where, both
from builder.codegen.parts.masks import seen_by_position


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
        pattern: What is hidden by position, see seen_by_position.
        window: How many keys a sliding window shows.
        prefix: How many first keys every query sees.
        scale: What scores are multiplied by.
        dropout_p: Share of the weights to drop.
    """
    lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])  # type: ignore[no-untyped-call]
    q, k, v = (x.expand(*lead, -1, -1) for x in (q, k, v))
    T, S = q.shape[-2], k.shape[-2]
    mask = allowed if padding is None else both(allowed, padding[:, None, None, :])
    simple = mask is None and bias is None and T == S
    causal = simple and pattern in ("causal", "both")
    if not causal:
        mask = both(mask, seen_by_position(T, S, pattern, window, prefix, q.device))
    return attend_where(q, k, v, mask, bias, scale, dropout_p, causal)
