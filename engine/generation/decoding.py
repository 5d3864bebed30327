"""Choosing one token after another from what a model expects next.

This file imports only torch, because every exported model carries a copy of it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Decoding:
    """How to write; call it with a model's logits.

    Args:
        max_new_tokens: How many tokens to write at most.
        temperature: 0 takes the likeliest token; 1 draws as the model expects; above, wilder.
        top_k: Draw only among the k likeliest.
        top_p: Draw only among the likeliest tokens that together have this probability.
        stop: Token that ends a row; the row is filled up with it.
        max_len: Positions the model knows. It sees the last ones.
        generator: Source of chance.
    """

    def __init__(
        self,
        *,
        max_new_tokens: int = 50,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: int | None = None,
        max_len: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.stop = stop
        self.max_len = max_len
        self.generator = generator

    @torch.no_grad()
    def __call__(self, logits_of: Callable[[Tensor], Tensor], ids: Tensor) -> Tensor:
        """Write after `ids`.

        Args:
            logits_of: Gives logits (B, T, V) for ids (B, T); those of the last position are enough.
            ids: What is there already, (B, T), T at least 1.

        Returns:
            All of it, (B, T + new).
        """
        ended = torch.zeros_like(ids[:, :1], dtype=torch.bool)  # (B, 1)
        for _ in range(self.max_new_tokens):
            seen = ids if self.max_len is None else ids[:, -self.max_len :]
            fresh = self.draw(logits_of(seen)[:, -1])  # (B, 1)
            if self.stop is not None:
                fresh = fresh.masked_fill(ended, self.stop)
                ended = ended | (fresh == self.stop)
            ids = torch.cat([ids, fresh], dim=1)  # (B, T + 1)
            if self.stop is not None and bool(ended.all()):
                break
        return ids

    def draw(self, logits: Tensor) -> Tensor:
        """Choose the next token of each row, (B, V) to (B, 1)."""
        if self.temperature == 0:
            return logits.argmax(dim=-1, keepdim=True)
        if self.top_k is not None:
            least = logits.topk(min(self.top_k, logits.shape[-1])).values[:, -1:]  # (B, 1)
            logits = logits.masked_fill(logits < least, float("-inf"))
        chances = (logits / self.temperature).softmax(dim=-1)
        if self.top_p is not None:
            chances = nucleus(chances, self.top_p)
        return torch.multinomial(chances, num_samples=1, generator=self.generator)


def nucleus(chances: Tensor, top_p: float) -> Tensor:
    """Leave of each row's probabilities the largest ones that together reach `top_p`, at least one; (B, V).

    Source: Holtzman et al., "The Curious Case of Neural Text Degeneration", arXiv:1904.09751, section 3.1.
    """
    ordered, places = chances.sort(dim=-1, descending=True, stable=True)  # (B, V)
    before = ordered.cumsum(dim=-1) - ordered  # (B, V)
    kept = ordered.masked_fill(before >= top_p, 0.0)
    kept[:, 0] = ordered[:, 0]
    return torch.zeros_like(chances).scatter(-1, places, kept)
