"""From hidden vectors to the model's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.adapters import ALPHA, RANK, Adaptable
from engine.blocks.spec import BlockConfig, Port, Setting, block

D_MODEL = Setting("Width of the residual stream.", low=1, unit="features")
DROPOUT = Setting("Share of entries set to zero in training.", low=0, high=1)


def nearly_equal(layer: nn.Linear) -> None:
    """Starting values of deviation 0.02, so that at first all answers are about equally likely."""
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Scores(Adaptable):
    """What heads share: a linear layer whose answers are nearly equal at first, and dropout before it.

    Args:
        d_in: Width of the vectors that come in.
        d_out: How many answers there are.
        bias: Add a preference for each.
        dropout: Share of what comes in that is set to zero in training.
        rank: Rank of an update beside a frozen matrix; 0 is none. See `Adaptable`.
        alpha: Its strength.
    """

    def __init__(
        self, d_in: int, d_out: int, *, bias: bool = True, dropout: float = 0.0, rank: int, alpha: float
    ) -> None:
        self.dropout = dropout
        super().__init__(d_in, d_out, bias=bias, rank=rank, alpha=alpha)

    def reset_parameters(self) -> None:
        """Draw the starting values; see `nearly_equal`."""
        nearly_equal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Answer.

        Args:
            x: Vectors, such as the residual stream after the last layer, (…, D).

        Returns:
            Scores, such as a logit for each token or class, (…, C).
        """
        if self.dropout:
            x = F.dropout(x, self.dropout, self.training)  # (…, D)
        return super().forward(x)  # (…, C)


@dataclass(frozen=True, kw_only=True)
class LMHeadConfig(BlockConfig):
    """Settings of `LMHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    vocab_size: Annotated[int, Setting("How many different tokens there are.", low=1, unit="tokens")] = 256
    bias: Annotated[bool, Setting("Add a learned preference for each token.")] = False
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "lm_head",
    title="Language-model head",
    family="Heads",
    config=LMHeadConfig,
    inputs=(Port(name="x", shape="B T d_model", about="The residual stream after the last layer."),),
    outputs=(Port(name="logits", kind="logits", shape="B T vocab_size", about="A score for each token."),),
    formula="x Wᵀ",
    paper="Press & Wolf, “Using the Output Embedding to Improve Language Models”, arXiv:1608.05859",
)
class LMHead(Scores):
    """Scores every token of the vocabulary at every position; its weight may be tied to the embedding.

    Source: Press & Wolf, "Using the Output Embedding to Improve Language Models", arXiv:1608.05859.
    """

    def __init__(self, config: LMHeadConfig) -> None:
        self.config = config
        sizes = config.d_model, config.vocab_size
        super().__init__(*sizes, bias=config.bias, rank=config.rank, alpha=config.alpha)


@dataclass(frozen=True, kw_only=True)
class PoolConfig(BlockConfig):
    """Settings of `Pool`."""

    how: Annotated[
        str,
        Setting("The mean of all tokens, or the first or last of them.", choices=("mean", "first", "last")),
    ] = "mean"


@block(
    "pool",
    title="Pooling",
    family="Heads",
    config=PoolConfig,
    inputs=(
        Port(name="x", shape="B T D", about="One vector for each token."),
        Port(name="padding", kind="mask", shape="B T", optional=True, about="True where a token is real."),
    ),
    outputs=(Port(name="pooled", kind="pooled", shape="B D", about="One vector for each sequence."),),
    formula="mean_t x[t] | x[first] | x[last]",
    paper="Reimers & Gurevych, “Sentence-BERT”, arXiv:1908.10084, §3",
)
class Pool(nn.Module):
    """Makes one vector of a sequence: the mean of its real tokens, the first or the last of them."""

    def __init__(self, config: PoolConfig) -> None:
        super().__init__()
        self.config = config
        self.how = config.how

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Pool over positions.

        Args:
            x: One vector for each token, (B, T, D).
            padding: True where a token is real, bool, (B, T); all are if not given. A sequence without real
                tokens has the mean 0.

        Returns:
            One vector for each sequence, (B, D).
        """
        if self.how == "mean":
            return _mean(x, padding)
        if padding is None:
            return x[:, 0] if self.how == "first" else x[:, -1]  # (B, D)
        return x[torch.arange(x.shape[0], device=x.device), self._position(padding)]  # (B, D)

    def _position(self, padding: Tensor) -> Tensor:
        """Index of the first or last real token, (B,)."""
        real = padding.int()  # (B, T)
        if self.how == "first":
            return real.argmax(dim=1)
        return padding.shape[1] - 1 - real.flip(1).argmax(dim=1)

    def extra_repr(self) -> str:
        """How it pools."""
        return self.how


def _mean(x: Tensor, padding: Tensor | None) -> Tensor:
    if padding is None:
        return x.mean(dim=1)  # (B, D)
    real = padding.unsqueeze(-1).to(x.dtype)  # (B, T, 1)
    return (x * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)  # (B, D)


@dataclass(frozen=True, kw_only=True)
class ClassifierHeadConfig(BlockConfig):
    """Settings of `ClassifierHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    n_classes: Annotated[int, Setting("How many classes there are.", low=1, unit="classes")] = 2
    dropout: Annotated[float, DROPOUT] = 0.1
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "classifier_head",
    title="Classifier head",
    family="Heads",
    config=ClassifierHeadConfig,
    inputs=(Port(name="x", kind="pooled", shape="B d_model", about="One vector for each sequence."),),
    outputs=(Port(name="logits", kind="logits", shape="B n_classes", about="A score for each class."),),
    formula="dropout(x) Wᵀ + b",
    paper="Devlin et al., “BERT”, arXiv:1810.04805, §3.2",
)
class ClassifierHead(Scores):
    """Scores the classes of a pooled sequence.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 3.2.
    """

    def __init__(self, config: ClassifierHeadConfig) -> None:
        self.config = config
        sizes = config.d_model, config.n_classes
        super().__init__(*sizes, dropout=config.dropout, rank=config.rank, alpha=config.alpha)
