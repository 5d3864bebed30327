"""How far apart a query and a key are, as something added to their score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.memory import Memory
from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.settings import Conflict

N_HEADS = Setting("How many heads there are.", low=1, unit="heads")


@dataclass(frozen=True, kw_only=True)
class AlibiConfig(BlockConfig):
    """Settings of `Alibi`."""

    n_heads: Annotated[int, N_HEADS] = 8


@block(
    "alibi",
    title="ALiBi",
    family="Attention",
    config=AlibiConfig,
    inputs=(Port(name="x", shape="B T D", about="The positions that attend to each other."),),
    outputs=(Port(name="bias", kind="scores", shape="1 n_heads T T", about="What is added to the scores."),),
    formula="−m_h · |t − s|,  m_h = 2^(−8h/H)",
    paper="Press, Smith & Lewis, “Train Short, Test Long”, arXiv:2108.12409, §3",
)
class Alibi(nn.Module):
    """Lowers scores by the distance between query and key, in each head at another rate; nothing is learned.

    Source: Press, Smith & Lewis, "Train Short, Test Long: Attention with Linear Biases Enables Input Length
    Extrapolation", arXiv:2108.12409, section 3.
    """

    slopes: Tensor

    def __init__(self, config: AlibiConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("slopes", slopes(config.n_heads), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Measure distances.

        Args:
            x: Vectors of the positions, (B, T, D); only T counts.

        Returns:
            What is added to the scores, (1, H, T, T).
        """
        place = torch.arange(x.shape[1], device=x.device)
        return self.between(place, place)  # (1, H, T, T)

    def cached(self, memory: Memory, x: Tensor) -> Tensor:
        """The bias between new positions and all so far, (1, H, T, S)."""
        return _from_new(self.between, memory, x)

    def between(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The bias between positions of queries (T,) and keys (S,), (1, H, T, S)."""
        far = (keys[None, :] - queries[:, None]).abs()  # (T, S)
        return -(self.slopes[:, None, None] * far).unsqueeze(0)  # (1, H, T, S)


def _from_new(between: Callable[[Tensor, Tensor], Tensor], memory: Memory, x: Tensor) -> Tensor:
    """A bias between the positions of `x`, which come after `memory.past` others, and all so far, (1, H, T, S).

    One new position looks at distances S − 1 … 0, which are the end of what a later one looks at; they are kept.
    """
    past, T = memory.past, x.shape[1]
    if T > 1:
        return between(torch.arange(past, past + T, device=x.device), torch.arange(past + T, device=x.device))
    row = memory.get("row")
    if row is None or row.shape[-1] <= past:
        keys = torch.arange(2 * past + 64, device=x.device)
        row = memory["row"] = between(keys[-1:], keys)  # (1, H, 1, N)
    return row[..., -past - 1 :]


def slopes(n_heads: int) -> Tensor:
    """How fast the score falls with distance, head by head, (H,).

    A geometric series from `2 ** (-8 / H)`; where H is no power of two, that of the next lower one, then every other
    member of that of the next higher.
    """
    whole = 1 << (n_heads.bit_length() - 1)
    first = torch.arange(whole, dtype=torch.float64) + 1
    more = torch.arange(n_heads - whole, dtype=torch.float64) + 0.5
    return torch.exp2(torch.cat((first, more)) * (-8 / whole)).float()


@dataclass(frozen=True, kw_only=True)
class RelativeBiasConfig(BlockConfig):
    """Settings of `RelativeBias`."""

    n_heads: Annotated[int, N_HEADS] = 8
    n_buckets: Annotated[int, Setting("How many distances are told apart.", low=4, unit="buckets")] = 32
    max_distance: Annotated[
        int, Setting("Distances from here on are the same; more than half of n_buckets.", low=3, unit="positions")
    ] = 128
    bidirectional: Annotated[bool, Setting("Tell later keys apart as well, as an encoder needs.")] = True

    def conflicts(self) -> Iterator[Conflict]:
        """Far distances would start beyond the last of them."""
        near = self.n_buckets // 4 if self.bidirectional else self.n_buckets // 2
        if self.max_distance <= near:
            reason = (
                f"{self.n_buckets} buckets tell {near} distances apart, so max_distance {self.max_distance} is small."
            )
            yield Conflict(name="max_distance", reason=reason, better=self.n_buckets)


@block(
    "relative_bias",
    title="Relative position bias (T5)",
    family="Attention",
    config=RelativeBiasConfig,
    inputs=(
        Port(name="x", shape="B T D", about="The positions that look."),
        Port(name="memory", shape="B S E", optional=True, about="The positions looked at; those of x if not given."),
    ),
    outputs=(Port(name="bias", kind="scores", shape="1 n_heads T S|T", about="What is added to the scores."),),
    formula="b_h[bucket(s − t)]",
    paper="Raffel et al., “Exploring the Limits of Transfer Learning (T5)”, arXiv:1910.10683, §2.1",
)
class RelativeBias(nn.Embedding):
    """Adds a learned number to each score, by head and by distance; far distances share their numbers.

    All layers of T5 share the one of the first layer.

    Source: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
    arXiv:1910.10683, section 2.1.
    """

    def __init__(self, config: RelativeBiasConfig) -> None:
        self.config = config
        super().__init__(config.n_buckets, config.n_heads)

    def reset_parameters(self) -> None:
        """Draw the starting values."""
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """Look the distances up.

        Args:
            x: Vectors of the queries' positions, (B, T, D); only T counts.
            memory: Vectors of the keys' positions, (B, S, E); only S counts.

        Returns:
            What is added to the scores, (1, H, T, S).
        """
        keys = x if memory is None else memory
        return self.between(torch.arange(x.shape[1], device=x.device), torch.arange(keys.shape[1], device=x.device))

    def cached(self, memory: Memory, x: Tensor, keys: Tensor | None = None) -> Tensor:
        """The bias between new positions and all so far, or those of `keys` (B, S, E), (1, H, T, S)."""
        if keys is None or memory.grows[1]:
            return _from_new(self.between, memory, x)
        queries = torch.arange(memory.past, memory.past + x.shape[1], device=x.device)
        return self.between(queries, torch.arange(keys.shape[1], device=x.device))

    def between(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The bias between positions of queries (T,) and keys (S,), (1, H, T, S)."""
        c = self.config
        bucket = buckets(keys[None, :] - queries[:, None], c.n_buckets, c.max_distance, c.bidirectional)  # (T, S)
        return F.embedding(bucket, self.weight).permute(2, 0, 1).unsqueeze(0)  # (1, H, T, S)


def buckets(distance: Tensor, n_buckets: int, max_distance: int, bidirectional: bool) -> Tensor:
    """The bucket of each distance key − query: one each for near ones, then ever larger ones, int64, same shape."""
    if bidirectional:
        n_buckets //= 2
        first = (distance > 0).long() * n_buckets
        distance = distance.abs()
    else:
        first = torch.zeros_like(distance)
        distance = -distance.clamp(max=0)
    near = n_buckets // 2
    growth = torch.log(distance.float() / near) / math.log(max_distance / near) * (n_buckets - near)
    far = (near + growth.clamp(min=0).long()).clamp(max=n_buckets - 1)
    return first + torch.where(distance < near, distance, far)
