"""Heads with more than one layer."""

from __future__ import annotations

from torch import Tensor, nn

from builder.codegen.parts.adapters import LoraLinear
from builder.codegen.parts.functions import activate


class MaskedLanguageModelHead(nn.Module):
    """Scores every token at every position, after one more layer.

    Source: Devlin et al., "BERT", arXiv:1810.04805, section 3.1.

    Args:
        d_model: Width of the vectors.
        vocab_size: How many different tokens there are.
        activation: The function after the first layer.
        eps: Added to the variance, against division by zero.
    """

    def __init__(
        self,
        d_model: int,
        vocab_size: int,
        activation: str = "gelu",
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.dense = nn.Linear(d_model, d_model)
        self.norm = nn.LayerNorm(d_model, eps=eps)
        self.decoder = nn.Linear(d_model, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        """From x (B, T, D) to logits (B, T, V)."""
        hidden = activate(self.dense(x), self.activation)  # (B, T, D)
        return self.decoder(self.norm(hidden))


class AdaptedMaskedLanguageModelHead(MaskedLanguageModelHead):
    """The same, with adapters beside both projections, which stay as they are.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models",
    arXiv:2106.09685, eq. 3.

    Args:
        d_model: Width of the vectors.
        vocab_size: How many different tokens there are.
        activation: The function after the first layer.
        eps: Added to the variance, against division by zero.
        rank: Rank of the adapters.
        alpha: Their strength.
    """

    def __init__(
        self,
        d_model: int,
        vocab_size: int,
        activation: str = "gelu",
        eps: float = 1e-12,
        *,
        rank: int,
        alpha: float,
    ) -> None:
        super().__init__(d_model, vocab_size, activation, eps)
        self.dense = LoraLinear(d_model, d_model, rank=rank, alpha=alpha)
        self.decoder = LoraLinear(d_model, vocab_size, rank=rank, alpha=alpha)
