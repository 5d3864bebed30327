"""Attention with masks, by torch's fused kernel."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    padding: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    causal: bool = False,
    scale: float | None = None,
    dropout_p: float = 0.0,
) -> Tensor:
    """Attend from queries (B, H, T, K) to keys and values (B, G, S, K).

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        padding: True where a key is a real token, (B, S).
        bias: Added to the scores, (B, H, T, S).
        causal: Hide later keys; the last query stands at the last key.
        scale: What scores are multiplied by, 1/sqrt(K) if not given.
        dropout_p: Share of the weights to drop.
    """
    T, S = q.shape[2], k.shape[2]
    mask = None if padding is None else padding[:, None, None, :]  # (B, 1, 1, S)
    simple = mask is None and bias is None and T == S
    if causal and not simple:
        earlier = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
        mask = both(earlier, mask)
    return attend_where(q, k, v, mask, bias, scale, dropout_p, causal and simple)


def both(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Where two masks are True; one that is not given is so everywhere."""
    if one is None or other is None:
        return one if other is None else other
    return one & other


def attend_where(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
    dropout_p: float = 0.0,
    causal: bool = False,
) -> Tensor:
    """Attend where a mask (B, 1, T, S) is True; gives 0 where it nowhere is."""
    some = None if mask is None else mask.any(dim=-1, keepdim=True)  # (…, T, 1)
    if mask is not None and some is not None:
        mask = mask | ~some
        bias = mask if bias is None else torch.where(mask, bias, -math.inf)
    y = F.scaled_dot_product_attention(
        q,
        k,
        v,
        bias,
        dropout_p,
        causal,
        scale=scale,
        enable_gqa=k.shape[-3] != q.shape[-3],
    )
    return y if some is None else y.masked_fill(~some, 0.0)  # (B, H, T, K)


def visible(q: Tensor, k: Tensor, mask: str, window: int, prefix: int) -> Tensor:
    """Where a query may look at a key by position alone, (T, S)."""
    T, S = q.shape[2], k.shape[2]
    everything = torch.ones(T, S, dtype=torch.bool, device=q.device)
    allowed = everything.tril(S - T) if mask in ("causal", "both") else everything
    if mask == "anticausal":
        allowed = everything.triu(S - T)
    if window:
        near = everything.tril(S - T + window - 1).triu(S - T - window + 1)
        allowed = allowed & near
    if prefix:
        allowed = allowed | (torch.arange(S, device=q.device) < prefix)
    return allowed


def pattern_mask(
    q: Tensor,
    k: Tensor,
    padding: Tensor | None = None,
    *,
    mask: str,
    window: int = 0,
    prefix: int = 0,
) -> Tensor | None:
    """Where queries (B, H, T, K) may look at keys (B, G, S, K); None: everywhere.

    Args:
        q: Queries.
        k: Keys.
        padding: True where a key is a real token, (B, S).
        mask: What is hidden: later keys (causal), earlier ones (anticausal), padding.
        window: Keys as far away as this are hidden; 0 hides none.
        prefix: The first keys that all queries see.
    """
    real = None
    if padding is not None and mask in ("padding", "both"):
        real = padding[:, None, None, :]  # (B, 1, 1, S)
    if mask in ("none", "padding") and not window:
        return real
    return both(visible(q, k, mask, window, prefix), real)


class AttentionSinks(nn.Module):
    """Attention in which each head has one more key, which says nothing.

    Source: Xiao et al., "Efficient Streaming Language Models with Attention Sinks",
    arXiv:2309.17453; Miller, "Attention Is Off By One", 2023.

    Args:
        n_heads: How many heads there are.
    """

    def __init__(self, n_heads: int) -> None:
        super().__init__()
        self.sinks = nn.Parameter(torch.zeros(n_heads))

    def forward(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
        scale: float | None = None,
        dropout_p: float = 0.0,
    ) -> Tensor:
        """Attend from (B, H, T, K) to (B, G, S, K) where a mask is True."""
        (H, T), (S, K) = q.shape[1:3], k.shape[2:]
        nothing = k.new_zeros(k.shape[0], k.shape[1], 1, K)
        bias = q.new_zeros(1, 1, T, S) if bias is None else bias
        if mask is not None:
            bias = torch.where(mask, bias, -math.inf)
        bias = bias.expand(-1, H, -1, -1)  # (B, H, T, S)
        sinks = self.sinks[None, :, None, None].expand(bias.shape[0], -1, T, -1)
        return F.scaled_dot_product_attention(
            q,
            torch.cat((k, nothing), dim=2),
            torch.cat((v, nothing), dim=2),
            torch.cat((bias, sinks), dim=-1),  # (B, H, T, S + 1)
            dropout_p,
            scale=scale,
            enable_gqa=k.shape[1] != H,
        )
