"""Hand-written models for tests: they take what compiled ones take, with none of our code inside."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SmallLM(nn.Module):
    """One causal attention layer; the head is tied to the embedding."""

    def __init__(self, vocab_size: int = 8, max_len: int = 12, d_model: int = 8) -> None:
        super().__init__()
        self.max_len = max_len
        self.embed = nn.Embedding(vocab_size, d_model)
        self.place = nn.Embedding(max_len, d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids (B, T) to logits (B, T, V)."""
        x = self.embed(tokens) + self.place(torch.arange(tokens.shape[1]))
        q, k, v = (part.unsqueeze(1) for part in self.qkv(x).chunk(3, dim=-1))
        return self.head(x + F.scaled_dot_product_attention(q, k, v, is_causal=True).squeeze(1))


class SmallSeq2Seq(nn.Module):
    """A target that looks at a source; the source's padding is asked for or not."""

    def __init__(self, vocab_size: int = 8, d_model: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model)
        self.head = nn.Linear(d_model, vocab_size)

    def forward(self, source: Tensor, target: Tensor, source_padding: Tensor) -> Tensor:
        """Ids (B, S) and (B, T) and a mask (B, S) to logits (B, T, V)."""
        memory, x = self.embed(source).unsqueeze(1), self.embed(target).unsqueeze(1)
        seen = F.scaled_dot_product_attention(x, memory, memory, attn_mask=source_padding[:, None, None])
        return self.head((x + seen).squeeze(1))


class SmallClassifier(nn.Module):
    """The mean of the tokens, with padding left out if there is any."""

    def __init__(self, vocab_size: int = 8, n_classes: int = 3) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, n_classes)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        """Ids (B, T) to logits (B, C)."""
        x = self.embed(tokens)
        if padding is None:
            return x.mean(1)
        return (x * padding[..., None]).sum(1) / padding.sum(1, keepdim=True)
