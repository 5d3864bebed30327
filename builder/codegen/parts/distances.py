"""How far apart a query and a key are, as something added to their score."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def alibi(x: Tensor, n_heads: int) -> Tensor:
    """Lower scores by distance, in each head at another rate: (1, H, T, T).

    Source: Press, Smith & Lewis, "Train Short, Test Long", arXiv:2108.12409, section 3.
    """
    whole = 1 << (n_heads.bit_length() - 1)  # the next lower power of two
    steps = [h + 1 for h in range(whole)] + [h + 0.5 for h in range(n_heads - whole)]
    powers = [2 ** (-8 * h / whole) for h in steps]
    slopes = torch.tensor(powers, device=x.device)  # (H,)
    place = torch.arange(x.shape[1], device=x.device)
    far = (place[None, :] - place[:, None]).abs()  # (T, T)
    return -(slopes[:, None, None] * far).unsqueeze(0)


class RelativeBias(nn.Embedding):
    """A learned number for each head and distance; far distances share theirs.

    Source: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified
    Text-to-Text Transformer", arXiv:1910.10683, section 2.1.

    Args:
        n_buckets: How many distances are told apart.
        n_heads: How many heads there are.
        max_distance: Distances from here on are the same.
        bidirectional: Tell later keys apart as well, as an encoder needs.
    """

    def __init__(
        self,
        n_buckets: int,
        n_heads: int,
        *,
        max_distance: int,
        bidirectional: bool,
    ) -> None:
        super().__init__(n_buckets, n_heads)
        self.max_distance = max_distance
        self.bidirectional = bidirectional

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """The bias between the positions of x (B, T, D) and of memory, (1, H, T, S)."""
        keys = x if memory is None else memory
        queries = torch.arange(x.shape[1], device=x.device)
        distance = torch.arange(keys.shape[1], device=x.device) - queries[:, None]
        bias = super().forward(self.buckets(distance))  # (T, S, H)
        return bias.permute(2, 0, 1).unsqueeze(0)

    def buckets(self, distance: Tensor) -> Tensor:
        """The bucket of each distance: one each for near ones, then larger ones."""
        count = self.num_embeddings
        if self.bidirectional:
            count //= 2
            first = (distance > 0).long() * count
            distance = distance.abs()
        else:
            first = torch.zeros_like(distance)
            distance = -distance.clamp(max=0)
        near = count // 2
        growth = torch.log(distance.float() / near) / math.log(self.max_distance / near)
        far = near + (growth * (count - near)).clamp(min=0).long()
        return first + torch.where(distance < near, distance, far.clamp(max=count - 1))
