"""Where a token stands, added to what it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from engine.blocks.memory import Memory
from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.errors import RunError

X = Port(name="x", shape="B T d_model", about="Vectors without a sense of order.")
Y = Port(name="y", shape="B T d_model", about="The same vectors, each with its position added.")


@dataclass(frozen=True, kw_only=True)
class PositionsConfig(BlockConfig):
    """Settings of `SinusoidalPositions` and `LearnedPositions`."""

    d_model: Annotated[int, Setting("Width of the residual stream.", low=1, unit="features")] = 512
    max_len: Annotated[int, Setting("Longest sequence the model can take.", low=1, unit="positions")] = 256


class Positions(nn.Module):
    """What both ways share: one vector for each position, added to what stands there.

    Args:
        config: How many vectors, and how wide.
    """

    def __init__(self, config: PositionsConfig) -> None:
        super().__init__()
        self.config = config

    def vectors(self) -> Tensor:
        """One vector for each position, (max_len, D)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Add the positions.

        Args:
            x: Residual stream, (B, T, D).

        Returns:
            The sum, (B, T, D).

        Raises:
            RunError: If T is larger than `max_len`.
        """
        return x + self._behind(0, x)

    def cached(self, memory: Memory, x: Tensor) -> Tensor:
        """Add the positions of what comes after `memory.past` others, (B, T, D)."""
        return x + self._behind(memory.past, x)

    def _behind(self, past: int, x: Tensor) -> Tensor:
        """The vectors for the positions of `x` (B, T, D), which come after `past` others, (T, D)."""
        vectors, end = self.vectors(), past + x.shape[1]
        if end > vectors.shape[0]:
            raise RunError(
                f"The sequence has {end} tokens, but the model knows {vectors.shape[0]} positions. "
                "Set max_len higher, or give it fewer tokens."
            )
        return vectors[past:end]


@block(
    "sinusoidal_positions",
    title="Sinusoidal positions",
    family="Embedding",
    config=PositionsConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="x + P,  P[t, 2i] = sin(t / 10000^(2i/d)),  P[t, 2i+1] = cos(t / 10000^(2i/d))",
    paper="Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.5",
)
class SinusoidalPositions(Positions):
    """Adds waves of different lengths, so that each position has its own pattern; nothing is learned.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.5.
    """

    table: Tensor

    def __init__(self, config: PositionsConfig) -> None:
        super().__init__(config)
        self.register_buffer("table", waves(config.max_len, config.d_model), persistent=False)

    def vectors(self) -> Tensor:
        """The waves, (max_len, D)."""
        return self.table


def waves(length: int, width: int) -> Tensor:
    """Sines in the even columns and cosines in the odd ones, (length, width)."""
    pairs = torch.arange(0, width, 2, dtype=torch.float64)
    speed = torch.exp(pairs * (-math.log(10_000.0) / width))
    angle = torch.outer(torch.arange(length, dtype=torch.float64), speed)  # (length, ceil(width / 2))
    table = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)  # (length, width or width + 1)
    return table[:, :width].float()


@block(
    "learned_positions",
    title="Learned positions",
    family="Embedding",
    config=PositionsConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="x + P[0…T−1]",
    paper="Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019",
)
class LearnedPositions(Positions):
    """Adds one learned vector for each position, up to `max_len`.

    Source: Gehring et al., "Convolutional Sequence to Sequence Learning", arXiv:1705.03122, section 3.1;
    used so by Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
    """

    def __init__(self, config: PositionsConfig) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.empty(config.max_len, config.d_model))
        nn.init.normal_(self.weight, std=0.02)

    def vectors(self) -> Tensor:
        """What is learned, (max_len, D)."""
        return self.weight
