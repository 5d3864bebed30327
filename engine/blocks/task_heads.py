"""Answers that are no next token: hidden tokens, labels of tokens, spans, numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from engine.blocks.activation import FUNCTIONS
from engine.blocks.adapters import ALPHA, RANK, Adaptable
from engine.blocks.heads import D_MODEL, DROPOUT, Scores, nearly_equal
from engine.blocks.spec import BlockConfig, Port, Setting, block

X = Port(name="x", shape="B T d_model", about="The residual stream after the last layer.")
BERT = "Devlin et al., “BERT”, arXiv:1810.04805"


@dataclass(frozen=True, kw_only=True)
class MLMHeadConfig(BlockConfig):
    """Settings of `MLMHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    vocab_size: Annotated[int, Setting("How many different tokens there are.", low=1, unit="tokens")] = 256
    activation: Annotated[str, Setting("The function after the first layer.", choices=tuple(FUNCTIONS))] = "gelu"
    eps: Annotated[float, Setting("Added to the variance, against division by zero.", low=0, high=1)] = 1e-12
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "mlm_head",
    title="Masked-language-model head",
    family="Heads",
    config=MLMHeadConfig,
    inputs=(X,),
    outputs=(Port(name="logits", kind="logits", shape="B T vocab_size", about="A score for each token."),),
    formula="LayerNorm(act(x W₁ᵀ + b₁)) Eᵀ + b",
    paper=BERT + ", §3.1",
)
class MLMHead(nn.Module):
    """Scores every token of the vocabulary at every position, after one more layer; for tokens that were hidden.

    `decoder.weight` may be tied to the token embedding.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 3.1, as
    in the authors' code.
    """

    def __init__(self, config: MLMHeadConfig) -> None:
        super().__init__()
        self.config = config
        self.dense = Adaptable(config.d_model, config.d_model, rank=config.rank, alpha=config.alpha)
        nearly_equal(self.dense)
        self.norm = nn.LayerNorm(config.d_model, eps=config.eps)
        self.decoder = Adaptable(config.d_model, config.vocab_size, rank=config.rank, alpha=config.alpha)
        nearly_equal(self.decoder)
        self.function = FUNCTIONS[config.activation]

    def forward(self, x: Tensor) -> Tensor:
        """Score the tokens.

        Args:
            x: Residual stream after the last layer, (B, T, D).

        Returns:
            Logits, (B, T, V).
        """
        logits: Tensor = self.decoder(self.norm(self.function(self.dense(x))))  # (B, T, V)
        return logits


@dataclass(frozen=True, kw_only=True)
class TokenClassifierHeadConfig(BlockConfig):
    """Settings of `TokenClassifierHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    n_classes: Annotated[int, Setting("How many classes there are.", low=1, unit="classes")] = 2
    dropout: Annotated[float, DROPOUT] = 0.1
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "token_classifier_head",
    title="Token-classifier head",
    family="Heads",
    config=TokenClassifierHeadConfig,
    inputs=(X,),
    outputs=(Port(name="logits", kind="logits", shape="B T n_classes", about="A score for each class."),),
    formula="dropout(x) Wᵀ + b",
    paper=BERT + ", §5.3",
)
class TokenClassifierHead(Scores):
    """Scores the classes of each token, such as names of people and places.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 5.3.
    """

    def __init__(self, config: TokenClassifierHeadConfig) -> None:
        self.config = config
        sizes = config.d_model, config.n_classes
        super().__init__(*sizes, dropout=config.dropout, rank=config.rank, alpha=config.alpha)


@dataclass(frozen=True, kw_only=True)
class SpanHeadConfig(BlockConfig):
    """Settings of `SpanHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "span_head",
    title="Span head",
    family="Heads",
    config=SpanHeadConfig,
    inputs=(X,),
    outputs=(Port(name="logits", kind="logits", shape="B T 2", about="Scores of a span's start and end."),),
    formula="x Wᵀ + b",
    paper=BERT + ", §4.2",
)
class SpanHead(Scores):
    """Scores each token as the first and as the last of a span, such as the answer to a question in a text.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 4.2.
    """

    def __init__(self, config: SpanHeadConfig) -> None:
        self.config = config
        super().__init__(config.d_model, 2, rank=config.rank, alpha=config.alpha)


@dataclass(frozen=True, kw_only=True)
class RegressionHeadConfig(BlockConfig):
    """Settings of `RegressionHead`."""

    d_model: Annotated[int, D_MODEL] = 512
    n_outputs: Annotated[int, Setting("How many numbers are asked for.", low=1, unit="numbers")] = 1
    dropout: Annotated[float, DROPOUT] = 0.1
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0


@block(
    "regression_head",
    title="Regression head",
    family="Heads",
    config=RegressionHeadConfig,
    inputs=(Port(name="x", kind="pooled", shape="B d_model", about="One vector for each sequence."),),
    outputs=(Port(name="logits", kind="logits", shape="B n_outputs", about="The numbers."),),
    formula="dropout(x) Wᵀ + b",
    paper=BERT + ", §4.1",
)
class RegressionHead(Scores):
    """Answers with numbers, such as how alike two sentences are.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805, section 4.1
    (the task STS-B).
    """

    def __init__(self, config: RegressionHeadConfig) -> None:
        self.config = config
        sizes = config.d_model, config.n_outputs
        super().__init__(*sizes, dropout=config.dropout, rank=config.rank, alpha=config.alpha)
