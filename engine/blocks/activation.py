"""What makes a network more than one matrix: functions applied to each entry by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block

X = Port(name="x", kind="any", shape="...", about="Numbers.")
Y = Port(name="y", kind="any", shape="...", about="The function of each number.")
GELU_PAPER = "Hendrycks & Gimpel, “Gaussian Error Linear Units (GELUs)”, arXiv:1606.08415"

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "silu": F.silu,
    "tanh": torch.tanh,
}


@dataclass(frozen=True, kw_only=True)
class ActivationConfig(BlockConfig):
    """Settings of `Activation`."""

    function: Annotated[str, Setting("Which function.", choices=tuple(FUNCTIONS))] = "relu"


@block(
    "activation",
    title="Activation",
    family="Feed-forward",
    config=ActivationConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="relu(x) | gelu(x) | silu(x) | tanh(x)",
    paper=GELU_PAPER,
)
class Activation(nn.Module):
    """Applies ReLU, GELU, SiLU or tanh, as a setting says, so that a composite can leave the choice to its user.

    `gelu_tanh` is the approximation that GPT-2 was trained with.
    """

    def __init__(self, config: ActivationConfig) -> None:
        super().__init__()
        self.config = config
        self.function = FUNCTIONS[config.function]

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each entry; shapes stay."""
        return self.function(x)

    def extra_repr(self) -> str:
        """The function's name."""
        return self.config.function


@dataclass(frozen=True, kw_only=True)
class PlainConfig(BlockConfig):
    """No settings."""


@block(
    "relu",
    title="ReLU",
    family="Feed-forward",
    config=PlainConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="max(0, x)",
    paper="Nair & Hinton, “Rectified Linear Units Improve Restricted Boltzmann Machines”, ICML 2010",
)
class ReLU(nn.ReLU):
    """Sets negative numbers to zero.

    Source: Nair & Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    """

    def __init__(self, config: PlainConfig) -> None:  # noqa: ARG002  (all blocks are made alike)
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each entry; shapes stay."""
        return F.relu(x)


@dataclass(frozen=True, kw_only=True)
class GELUConfig(BlockConfig):
    """Settings of `GELU`."""

    approximate: Annotated[
        str, Setting("`none` is exact; `tanh` is the approximation of GPT-2.", choices=("none", "tanh"))
    ] = "none"


@block(
    "gelu",
    title="GELU",
    family="Feed-forward",
    config=GELUConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="x Φ(x)",
    paper=GELU_PAPER,
)
class GELU(nn.GELU):
    """Lets a number through by as much as it is large: a smooth ReLU.

    Source: Hendrycks & Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, section 2.
    """

    def __init__(self, config: GELUConfig) -> None:
        super().__init__(approximate=config.approximate)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each entry; shapes stay."""
        return F.gelu(x, approximate=self.approximate)


@block(
    "silu",
    title="SiLU",
    family="Feed-forward",
    config=PlainConfig,
    inputs=(X,),
    outputs=(Y,),
    formula="x σ(x)",
    paper="Elfwing, Uchibe & Doya, “Sigmoid-Weighted Linear Units”, arXiv:1702.03118",
)
class SiLU(nn.SiLU):
    """Multiplies a number by its own sigmoid; also called swish.

    Source: Elfwing, Uchibe & Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation in
    Reinforcement Learning", arXiv:1702.03118; Ramachandran et al., arXiv:1710.05941.
    """

    def __init__(self, config: PlainConfig) -> None:  # noqa: ARG002  (all blocks are made alike)
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each entry; shapes stay."""
        return F.silu(x)
