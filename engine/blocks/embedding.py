"""From token ids to vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class TokenEmbeddingConfig(BlockConfig):
    """Settings of `TokenEmbedding`."""

    vocab_size: Annotated[int, Setting("How many different tokens there are.", low=1, unit="tokens")] = 256
    d_model: Annotated[int, Setting("Width of the residual stream.", low=1, unit="features")] = 512
    scale: Annotated[bool, Setting("Multiply by the root of d_model, as the original transformer does.")] = False


@block(
    "token_embedding",
    title="Token embedding",
    family="Embedding",
    config=TokenEmbeddingConfig,
    inputs=(Port(name="tokens", kind="ids", shape="B T", about="Ids of the tokens."),),
    outputs=(Port(name="y", shape="B T d_model", about="One vector for each token."),),
    formula="E[tokens]",
    paper="Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.4",
)
class TokenEmbedding(nn.Embedding):
    """Looks up one learned vector for each token.

    Starting values are normal: of deviation 0.02 (Radford et al., “Language Models are Unsupervised Multitask
    Learners”, 2019), or `d_model ** -0.5` where the result is scaled, so that its entries have deviation 1.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.4.
    """

    def __init__(self, config: TokenEmbeddingConfig) -> None:
        self.config = config
        self.factor = math.sqrt(config.d_model) if config.scale else None
        super().__init__(config.vocab_size, config.d_model)

    def reset_parameters(self) -> None:
        """Draw the starting values."""
        nn.init.normal_(self.weight, std=0.02 if self.factor is None else 1 / self.factor)

    def forward(self, tokens: Tensor) -> Tensor:
        """Look the tokens up.

        Args:
            tokens: Ids, int64, (B, T).

        Returns:
            Their vectors, (B, T, D).
        """
        y = F.embedding(tokens, self.weight)  # (B, T, D)
        return y if self.factor is None else y * self.factor


@dataclass(frozen=True, kw_only=True)
class SegmentEmbeddingConfig(BlockConfig):
    """Settings of `SegmentEmbedding`."""

    n_segments: Annotated[int, Setting("How many kinds of text there are.", low=1, unit="segments")] = 2
    d_model: Annotated[int, Setting("Width of the residual stream.", low=1, unit="features")] = 512


@block(
    "segment_embedding",
    title="Segment embedding",
    family="Embedding",
    config=SegmentEmbeddingConfig,
    inputs=(
        Port(name="x", shape="B T d_model", about="Vectors of tokens."),
        Port(
            name="segments", kind="ids", shape="B T", optional=True, about="The text each token belongs to; 0 if none."
        ),
    ),
    outputs=(Port(name="y", shape="B T d_model", about="The vectors, each with its segment added."),),
    formula="x + E[segments]",
    paper="Devlin et al., “BERT”, arXiv:1810.04805, §3.1",
)
class SegmentEmbedding(nn.Embedding):
    """Adds one learned vector for each kind of text, such as question and answer; all are of the first if none is told.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 3.1.
    """

    def __init__(self, config: SegmentEmbeddingConfig) -> None:
        self.config = config
        super().__init__(config.n_segments, config.d_model)

    def reset_parameters(self) -> None:
        """Draw the starting values."""
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor, segments: Tensor | None = None) -> Tensor:
        """Add the segments.

        Args:
            x: Vectors of tokens, (B, T, D).
            segments: Ids of segments, int64, (B, T).

        Returns:
            The sums, (B, T, D).
        """
        return x + (self.weight[0] if segments is None else F.embedding(segments, self.weight))  # (B, T, D)
