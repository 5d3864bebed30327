"""Parting vectors into heads, joining them again, and sharing heads of keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.errors import RunError

PAPER = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.2.2"
GROUPED = "Ainslie et al., “GQA: Training Generalized Multi-Query Transformer Models”, arXiv:2305.13245"


@dataclass(frozen=True, kw_only=True)
class SplitHeadsConfig(BlockConfig):
    """Settings of `SplitHeads`."""

    n_heads: Annotated[int, Setting("How many heads; they share the width equally.", low=1, unit="heads")] = 8


@block(
    "split_heads",
    title="Split heads",
    family="Attention",
    config=SplitHeadsConfig,
    inputs=(Port(name="x", shape="B T D", about="Vectors of all heads side by side."),),
    outputs=(Port(name="y", kind="heads", shape="B n_heads T D//n_heads", about="Vectors by head."),),
    formula="(B, T, H·K) → (B, H, T, K)",
    paper=PAPER,
)
class SplitHeads(nn.Module):
    """Parts each vector into one piece for each head.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.2.2.
    """

    def __init__(self, config: SplitHeadsConfig) -> None:
        super().__init__()
        self.config = config
        self.n_heads = config.n_heads

    def forward(self, x: Tensor) -> Tensor:
        """Part into heads.

        Args:
            x: Vectors, (B, T, D).

        Returns:
            Pieces by head, (B, H, T, K) where H * K = D.

        Raises:
            RunError: If D is no multiple of H.
        """
        B, T, D = x.shape
        if D % self.n_heads:
            raise RunError(
                f"{D} features cannot be shared by {self.n_heads} heads. Set n_heads to a number that divides {D}."
            )
        return x.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)  # (B, H, T, K)


@dataclass(frozen=True, kw_only=True)
class MergeHeadsConfig(BlockConfig):
    """No settings."""


@block(
    "merge_heads",
    title="Merge heads",
    family="Attention",
    config=MergeHeadsConfig,
    inputs=(Port(name="x", kind="heads", shape="B H T K", about="Vectors by head."),),
    outputs=(Port(name="y", shape="B T H*K", about="Vectors of all heads side by side."),),
    formula="(B, H, T, K) → (B, T, H·K)",
    paper=PAPER,
)
class MergeHeads(nn.Module):
    """Puts the pieces of all heads side by side again.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.2.2.
    """

    def __init__(self, config: MergeHeadsConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor) -> Tensor:
        """Join the heads.

        Args:
            x: Pieces by head, (B, H, T, K).

        Returns:
            Vectors, (B, T, H * K).
        """
        return x.transpose(1, 2).flatten(2)  # (B, T, H * K)


@dataclass(frozen=True, kw_only=True)
class RepeatHeadsConfig(BlockConfig):
    """Settings of `RepeatHeads`."""

    n_heads: Annotated[int, Setting("How many heads come out: as many as queries have.", low=1, unit="heads")] = 8


@block(
    "repeat_heads",
    title="Repeat heads",
    family="Attention",
    config=RepeatHeadsConfig,
    inputs=(Port(name="x", kind="heads", shape="B G S K", about="Keys or values, of few heads."),),
    outputs=(Port(name="y", kind="heads", shape="B n_heads S K", about="The same, each head for several queries."),),
    even=("n_heads//G",),
    formula="y[h] = x[h ÷ (H/G)]",
    paper=GROUPED,
)
class RepeatHeads(nn.Module):
    """Gives each group of query heads the one head of keys or values that they share (grouped-query attention).

    One head for all queries is multi-query attention (Shazeer, arXiv:1911.02150).

    Source: Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints",
    arXiv:2305.13245, section 2.2.
    """

    def __init__(self, config: RepeatHeadsConfig) -> None:
        super().__init__()
        self.config = config
        self.n_heads = config.n_heads

    def forward(self, x: Tensor) -> Tensor:
        """Repeat each head as often as it takes.

        Args:
            x: Keys or values, (B, G, S, K).

        Returns:
            The same for every query head, (B, H, S, K).

        Raises:
            RunError: If H is no multiple of G.
        """
        if self.n_heads % x.shape[1]:
            raise RunError(
                f"{x.shape[1]} heads cannot be shared by {self.n_heads}. Set n_heads to a multiple of {x.shape[1]}."
            )
        return repeated(x, self.n_heads)  # (B, H, S, K)


def repeated(x: Tensor, n_heads: int) -> Tensor:
    """Heads (B, G, S, K) as (B, n_heads, S, K), neighbours the same."""
    times = n_heads // x.shape[1]
    return x if times == 1 else x.unsqueeze(2).expand(-1, -1, times, -1, -1).flatten(1, 2)  # (B, H, S, K)
