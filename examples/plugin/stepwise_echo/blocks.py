"""A block that lets each position see a little of the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class TokenShiftConfig(BlockConfig):
    """Settings of `TokenShift`."""

    d_model: Annotated[int, Setting("Width of the residual stream.", low=1, unit="features")] = 512


@block(
    "token_shift",
    title="Token shift",
    family="Norm and wiring",
    config=TokenShiftConfig,
    inputs=(Port(name="x", shape="B T d_model", about="One vector for each position."),),
    outputs=(Port(name="y", shape="B T d_model", about="The same, mixed with the position before."),),
    formula="μ ⊙ x[t] + (1 − μ) ⊙ x[t−1]",
    paper="Peng et al., “RWKV: Reinventing RNNs for the Transformer Era”, arXiv:2305.13048, eq. 11",
)
class TokenShift(nn.Module):
    """Mixes each position with the one before it, feature by feature; the first is mixed with zero.

    Source: Peng et al., "RWKV: Reinventing RNNs for the Transformer Era", arXiv:2305.13048, eq. 11.
    """

    def __init__(self, config: TokenShiftConfig) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.full((config.d_model,), 0.75))

    def forward(self, x: Tensor) -> Tensor:
        """Mix; shapes stay (B, T, D)."""
        before = F.pad(x, (0, 0, 1, -1))  # (B, T, D)
        return self.mix * x + (1 - self.mix) * before
