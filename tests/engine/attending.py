"""Small models with attention, written by hand, for tests of what looks inside."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.blocks.attention import (
    AttentionCore,
    AttentionCoreConfig,
    MergeHeads,
    MergeHeadsConfig,
    SplitHeads,
    SplitHeadsConfig,
)

WIDTH, HEADS = 8, 2


class Attention(nn.Module):
    """Queries from one sequence, keys and values from another."""

    def __init__(self, mask: str) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.split = SplitHeads(SplitHeadsConfig(n_heads=HEADS))
        self.core = AttentionCore(AttentionCoreConfig(mask=mask, dropout=0.5))
        self.merge = MergeHeads(MergeHeadsConfig())

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """(B, T, D) and (B, S, D) to (B, T, D)."""
        q, k, v = (self.split(f(m)) for f, m in ((self.q, x), (self.k, memory), (self.v, memory)))
        return x + self.merge(self.core(q, k, v))


class Decoder(nn.Module):
    """Two layers of causal attention over `tokens`."""

    def __init__(self, vocab_size: int, layers: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(vocab_size, WIDTH)
        self.blocks = nn.ModuleList(Attention("causal") for _ in range(layers))
        self.head = nn.Linear(WIDTH, vocab_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) to logits (B, T, V)."""
        x = self.embed(tokens)
        for layer in self.blocks:
            x = layer(x, x)
        return self.head(x)


class Translator(nn.Module):
    """An encoder and a decoder of one layer each, with attention from one to the other."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(vocab_size, WIDTH)
        self.encoder, self.itself, self.across = Attention("none"), Attention("causal"), Attention("none")
        self.head = nn.Linear(WIDTH, vocab_size)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(B, S) and (B, T) to logits (B, T, V)."""
        memory, x = self.embed(source), self.embed(target)
        memory = self.encoder(memory, memory)
        return self.head(self.across(self.itself(x, x), memory))
