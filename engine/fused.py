"""Attention that was drawn step by step, computed at once by PyTorch's fused kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.masks import pattern
from engine.blocks.memory import Memory, NoCacheError


@dataclass(frozen=True, kw_only=True)
class FusedAttention:
    """The blocks matmul, scale, add, mask, softmax, dropout, matmul as one function; nothing between them is kept.

    Args:
        scale: What the scores are multiplied by, more than 0.
        direction: Of the mask: `none`, `causal` or `anticausal`.
        window: Of the mask; 0 hides nothing.
        prefix: Of the mask.
    """

    scale: float = 1.0
    direction: str = "none"
    window: int = 0
    prefix: int = 0
    __name__ = "fused_attention"

    def __call__(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Tensor | None = None,
        padding: Tensor | None = None,
        allowed: Tensor | None = None,
        dropout: nn.Module | None = None,
    ) -> Tensor:
        """Attend.

        Args:
            q: Queries, (…, T, K).
            k: Keys, (…, S, K).
            v: Values, (…, S, K).
            bias: Added to the scores, (…, T, S).
            padding: True where a key is a real token, bool, (B, S).
            allowed: True where a query may look at a key, bool, (T, S).
            dropout: The block that drops weights in training.

        Returns:
            Weighted means of the values, (…, T, K); zeros for a query that may look at nothing.
        """
        p = float(dropout.p) if dropout is not None and dropout.training else 0.0  # type: ignore[arg-type]
        if not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
            lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])  # type: ignore[no-untyped-call]
            q, k, v = (x.expand(*lead, -1, -1) for x in (q, k, v))
        causal = self.direction == "causal"
        plain = not self.window and not self.prefix and (not causal or q.shape[-2] == k.shape[-2])
        if bias is None and padding is None and allowed is None and plain and self.direction != "anticausal":
            return F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=causal, scale=self.scale)
        mask = self._mask(q, k, padding, allowed)
        if mask is None:
            return F.scaled_dot_product_attention(q, k, v, bias, p, scale=self.scale)
        some = mask.any(dim=-1, keepdim=True)
        mask = mask | ~some
        mask = mask if bias is None else bias.masked_fill(~mask, -math.inf)
        return F.scaled_dot_product_attention(q, k, v, mask, p, scale=self.scale).masked_fill(~some, 0.0)

    def _mask(self, q: Tensor, k: Tensor, padding: Tensor | None, allowed: Tensor | None) -> Tensor | None:
        """True where a query may look at a key, (T, S) or (B, 1, T or 1, S)."""
        mask = allowed
        if self.direction != "none" or self.window:
            place = pattern(
                q.shape[-2], k.shape[-2], direction=self.direction, window=self.window, prefix=self.prefix,
                device=q.device,
            )  # fmt: skip
            mask = place if mask is None else mask & place
        if padding is not None:
            real = padding[:, None, None, :]
            mask = real if mask is None else mask & real
        return mask

    def cached(self, memory: Memory, q: Tensor, k: Tensor, v: Tensor, *rest: Any) -> Tensor:
        """Attend from new queries to all keys so far; the arguments are those of a call.

        Raises:
            NoCacheError: If an earlier query would see a new key, or a position counts from the end.
        """
        grows = (*memory.grows, *[False] * 4)[:7]
        by_place = self.direction != "none" or bool(self.window)
        if not grows[0] or grows[1] != grows[2] or grows[1] != by_place or grows[4] or grows[5]:
            raise NoCacheError("Which keys a new query sees is not settled.")
        if not grows[1]:
            return self(q, k, v, *rest)
        k, v = memory.extend("k", k), memory.extend("v", v)  # (…, S, K)
        bias, padding, allowed = (*rest, *[None] * 3)[:3]
        if self.direction != "causal" or allowed is not None or k.shape[-2] < self.prefix:
            raise NoCacheError("Attention without a causal mask reads later positions.")
        if q.shape[-2] > 1 or padding is not None or self.prefix:
            return self(q, k, v, *rest)
        seen = self.window or k.shape[-2]
        bias = None if bias is None else bias[..., -seen:]
        return F.scaled_dot_product_attention(q, k[..., -seen:, :], v[..., -seen:, :], bias, scale=self.scale)
