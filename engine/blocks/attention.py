"""Scaled dot-product attention, and what parts hidden vectors into heads and joins them again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.errors import RunError

MASKS = ("none", "causal", "padding", "both")
PAPER = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.2"


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
class AttentionCoreConfig(BlockConfig):
    """Settings of `AttentionCore`."""

    mask: Annotated[
        str,
        Setting("What a position may not look at: later ones (causal), padding, or both.", choices=MASKS),
    ] = "none"
    dropout: Annotated[float, Setting("Share of weights set to zero in training.", low=0, high=1)] = 0.0


@block(
    "attention_core",
    title="Attention core",
    family="Attention",
    config=AttentionCoreConfig,
    inputs=(
        Port(name="q", kind="query", shape="B H T K", about="What each position looks for."),
        Port(name="k", kind="key", shape="B H S K", about="What each position can be found by."),
        Port(name="v", kind="value", shape="B H S K", about="What each position has to say."),
        Port(name="padding", kind="mask", shape="B S", optional=True, about="True where a token is real."),
    ),
    outputs=(
        Port(name="y", kind="heads", shape="B H T K", about="The mean of values, by weight."),
        Port(name="weights", kind="weights", shape="B H T S", watch=True, about="Who looks at whom."),
    ),
    formula="softmax(QKᵀ/√d + M) V",
    paper=PAPER + ", eq. 1",
)
class AttentionCore(nn.Module):
    """Every position takes the mean of the values it may look at, weighted by how well keys fit its query.

    A `causal` mask hides later positions; where there are more keys than queries, the last query sees all keys.
    A `padding` mask hides keys that are no real token and does nothing while `padding` is not given. A query
    that may look at nothing gets zeros.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.
    """

    def __init__(self, config: AttentionCoreConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = config.mask in ("causal", "both")
        self.padded = config.mask in ("padding", "both")
        self.dropout = config.dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None) -> Tensor:
        """Attend, by PyTorch's fused kernel.

        Args:
            q: Queries, (B, H, T, K).
            k: Keys, (B, H, S, K).
            v: Values, (B, H, S, K).
            padding: True where a key is a real token, bool, (B, S).

        Returns:
            Weighted means of the values, (B, H, T, K).
        """
        p = self.dropout if self.training else 0.0
        padding = padding if self.padded else None
        if padding is None and (not self.causal or q.shape[2] == k.shape[2]):
            return F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=self.causal)
        mask = _allowed(q, k, self.causal, padding)  # (B or 1, 1, T or 1, S)
        some = mask.any(dim=-1, keepdim=True)  # (B or 1, 1, T or 1, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask | ~some, dropout_p=p)  # (B, H, T, K)
        return y.masked_fill(~some, 0.0)

    def watch(self, port: str, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Compute a watch port explicitly from the arguments of `forward`.

        Args:
            port: `weights`, the only one.
            q: Queries, (B, H, T, K).
            k: Keys, (B, H, S, K).
            v: Values, (B, H, S, K); not needed.
            padding: True where a key is a real token, bool, (B, S).

        Returns:
            Share of each key for each query, before dropout, (B, H, T, S). Rows sum to 1, or to 0 where a query
            may look at nothing.
        """
        assert port == "weights", port
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, T, S)
        mask = _allowed(q, k, self.causal, padding if self.padded else None)
        weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)  # (B, H, T, S)
        return weights.masked_fill(~mask, 0.0)

    def extra_repr(self) -> str:
        """The mask and the dropout."""
        return f"mask={self.config.mask}, dropout={self.dropout}"


def _allowed(q: Tensor, k: Tensor, causal: bool, padding: Tensor | None) -> Tensor:
    """True where a query may look at a key, (B or 1, 1, T or 1, S)."""
    T, S = q.shape[2], k.shape[2]
    real = torch.ones(1, S, dtype=torch.bool, device=q.device) if padding is None else padding  # (B or 1, S)
    if not causal:
        return real[:, None, None, :]
    earlier = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)  # (T, S)
    return earlier & real[:, None, None, :]
