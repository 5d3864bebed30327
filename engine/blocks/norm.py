"""Keeping vectors at one scale, and dropping some of their entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class LayerNormConfig(BlockConfig):
    """Settings of `LayerNorm`."""

    d_model: Annotated[int, Setting("Width of the vectors.", low=1, unit="features")] = 512
    eps: Annotated[float, Setting("Added to the variance, against division by zero.", low=0, high=1)] = 1e-5
    bias: Annotated[bool, Setting("Learn a shift as well as a scale.")] = True


@block(
    "layer_norm",
    title="LayerNorm",
    family="Norm and wiring",
    config=LayerNormConfig,
    inputs=(Port(name="x", shape="... d_model", about="Vectors of any size."),),
    outputs=(Port(name="y", shape="... d_model", about="The vectors, normalised."),),
    formula="γ ⊙ (x − μ) / √(σ² + ε) + β",
    paper="Ba, Kiros & Hinton, “Layer Normalization”, arXiv:1607.06450",
)
class LayerNorm(nn.LayerNorm):
    """Shifts and scales each vector to mean 0 and variance 1, then applies a learned scale and shift.

    Source: Ba, Kiros & Hinton, "Layer Normalization", arXiv:1607.06450, eq. 4.
    """

    def __init__(self, config: LayerNormConfig) -> None:
        self.config = config
        super().__init__(config.d_model, eps=config.eps, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each vector of (…, D); shapes stay."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


@dataclass(frozen=True, kw_only=True)
class RMSNormConfig(BlockConfig):
    """Settings of `RMSNorm`."""

    d_model: Annotated[int, Setting("Width of the vectors.", low=1, unit="features")] = 512
    eps: Annotated[float, Setting("Added to the mean square, against division by zero.", low=0, high=1)] = 1e-6


@block(
    "rms_norm",
    title="RMSNorm",
    family="Norm and wiring",
    config=RMSNormConfig,
    inputs=(Port(name="x", kind="any", shape="... d_model", about="Vectors, or heads of queries and keys."),),
    outputs=(Port(name="y", kind="any", shape="... d_model", about="The vectors, normalised."),),
    formula="γ ⊙ x / √(mean(x²) + ε)",
    paper="Zhang & Sennrich, “Root Mean Square Layer Normalization”, arXiv:1910.07467, eq. 4",
)
class RMSNorm(nn.RMSNorm):
    """Scales each vector to a mean square of 1, then applies a learned scale; nothing is shifted.

    The norm of Llama and T5. On heads of queries and keys it keeps scores small (QK norm, Henry et al.,
    arXiv:2010.04245).

    Source: Zhang & Sennrich, "Root Mean Square Layer Normalization", arXiv:1910.07467, eq. 4.
    """

    def __init__(self, config: RMSNormConfig) -> None:
        self.config = config
        super().__init__(config.d_model, eps=config.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each vector of (…, D); shapes stay."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)


@dataclass(frozen=True, kw_only=True)
class DropoutConfig(BlockConfig):
    """Settings of `Dropout`."""

    p: Annotated[float, Setting("Share of entries set to zero in training.", low=0, high=1)] = 0.1


@block(
    "dropout",
    title="Dropout",
    family="Norm and wiring",
    config=DropoutConfig,
    inputs=(Port(name="x", kind="any", shape="...", about="Anything."),),
    outputs=(Port(name="y", kind="any", shape="...", about="The same, with holes while training."),),
    formula="x ⊙ m / (1 − p),  m ~ Bernoulli(1 − p)",
    paper="Srivastava et al., “Dropout”, JMLR 15, 2014",
)
class Dropout(nn.Dropout):
    """Sets some entries to zero at random while training and scales up the rest; does nothing otherwise.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
    """

    def __init__(self, config: DropoutConfig) -> None:
        self.config = config
        super().__init__(config.p)

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries while training; shapes stay."""
        return F.dropout(x, self.p, self.training)
