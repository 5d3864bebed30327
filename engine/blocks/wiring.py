"""Blocks that only join paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block


@dataclass(frozen=True, kw_only=True)
class ResidualAddConfig(BlockConfig):
    """Settings of `ResidualAdd`."""

    dropout: Annotated[float, Setting("Share of the update's entries set to zero in training.", low=0, high=1)] = 0.0


@block(
    "residual_add",
    title="Residual add",
    family="Norm and wiring",
    config=ResidualAddConfig,
    inputs=(
        Port(name="x", shape="... D", about="The residual stream."),
        Port(name="update", shape="... D", about="What a sublayer found out."),
    ),
    outputs=(Port(name="sum", shape="... D", about="The residual stream, updated."),),
    formula="x + dropout(update)",
    paper="He et al., “Deep Residual Learning for Image Recognition”, arXiv:1512.03385",
)
class ResidualAdd(nn.Module):
    """Adds a sublayer's update to the residual stream, with dropout on the update.

    Source: He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385, eq. 1; dropout as in
    Vaswani et al., arXiv:1706.03762, section 5.4.
    """

    def __init__(self, config: ResidualAddConfig) -> None:
        super().__init__()
        self.config = config
        self.p = config.dropout

    def forward(self, x: Tensor, update: Tensor) -> Tensor:
        """Add the update.

        Args:
            x: Residual stream, (…, D).
            update: What is added, (…, D).

        Returns:
            The sum, (…, D).
        """
        if self.training and self.p:
            update = F.dropout(update, self.p)
        return x + update


@dataclass(frozen=True, kw_only=True)
class EitherConfig(BlockConfig):
    """No settings."""


@block(
    "either",
    title="Either",
    family="Norm and wiring",
    config=EitherConfig,
    inputs=(
        Port(name="x", kind="any", shape="... D", about="Taken when there is no `branch`."),
        Port(name="branch", kind="any", shape="... D", optional=True, about="A path that hangs on an optional input."),
    ),
    outputs=(Port(name="y", kind="any", shape="... D", about="`branch` where it is there, else `x`."),),
    formula="branch if present, else x",
    paper="Stepwise’s own; no paper.",
)
class Either(nn.Module):
    """Takes `branch` where there is one, else `x`: the way around a part that hangs on an optional input.

    So a decoder block without a memory skips its cross-attention.
    """

    def __init__(self, config: EitherConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor, branch: Tensor | None = None) -> Tensor:
        """Choose; shapes stay."""
        return x if branch is None else branch
