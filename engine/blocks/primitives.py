"""The steps that attention is made of: products of matrices, scaling, softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from engine.blocks.memory import Memory, NoCacheError
from engine.blocks.spec import BlockConfig, Port, Setting, block

X = Port(name="x", kind="any", shape="...", about="Numbers.")
ATTENTION = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.2.1"
OVER = {"keys": -1, "queries": -2, "heads": -3}


@dataclass(frozen=True, kw_only=True)
class ScaleConfig(BlockConfig):
    """Settings of `Scale`."""

    factor: Annotated[float, Setting("What every number is multiplied by.")] = 1.0
    d: Annotated[int, Setting("A size that `power` is taken of, such as the width of a head.", low=1)] = 1
    power: Annotated[float, Setting("The power of `d`; −0.5 divides by its root.", low=-8, high=8)] = 0.0


@block(
    "scale",
    title="Scale",
    family="Attention",
    config=ScaleConfig,
    inputs=(X,),
    outputs=(Port(name="y", kind="any", shape="...", about="The numbers, larger or smaller."),),
    formula="factor · d^power · x",
    paper=ATTENTION,
)
class Scale(nn.Module):
    """Multiplies every number by the same one: scores of attention by 1/√d, so that softmax stays soft.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.2.1.
    """

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__()
        self.config = config
        self.by = config.factor * config.d**config.power

    def forward(self, x: Tensor) -> Tensor:
        """Multiply; shapes stay."""
        return x * self.by

    def extra_repr(self) -> str:
        """What it multiplies by."""
        return f"by={self.by:g}"


@dataclass(frozen=True, kw_only=True)
class MatmulConfig(BlockConfig):
    """Settings of `Matmul`."""

    transpose_b: Annotated[bool, Setting("Take the rows of b for its columns, as queries times keys do.")] = False


@block(
    "matmul",
    title="Matrix product",
    family="Attention",
    config=MatmulConfig,
    inputs=(
        Port(name="a", kind="any", shape="... M K", about="Rows, such as queries or weights of attention."),
        Port(
            name="b", kind="any", shape="transpose_b=True: ... N K ; ... K N",
            about="Columns, such as values; rows, such as keys, where it is transposed.",
        ),
    ),
    outputs=(Port(name="y", kind="any", shape="... M N", follows=False, about="How well each row fits each column."),),
    formula="a b  |  a bᵀ",
    paper=ATTENTION + ", eq. 1",
)  # fmt: skip
class Matmul(nn.Module):
    """Multiplies matrices: queries by keys for the scores, weights by values for what attention finds.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.
    """

    def __init__(self, config: MatmulConfig) -> None:
        super().__init__()
        self.config = config
        self.transpose_b = config.transpose_b

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Multiply.

        Args:
            a: Matrices, (…, M, K).
            b: Matrices, (…, K, N), or (…, N, K) if `transpose_b`.

        Returns:
            Their products, (…, M, N).
        """
        return a @ b.transpose(-2, -1) if self.transpose_b else a @ b  # (…, M, N)

    def cached(self, memory: Memory, a: Tensor, b: Tensor) -> Tensor:
        """Multiply new rows of `a` by all rows of `b` so far, such as all keys, or all values by their weights.

        Raises:
            NoCacheError: If the rows of `b` grow and those of `a` do not.
        """
        if not memory.grows[0]:
            raise NoCacheError("The second factor grows and the first does not.")
        if memory.grows[1]:
            b = memory.extend("b", b)
            memory.unsure = not self.transpose_b  # nobody has looked yet whether earlier rows would see later ones
        return self.forward(a, b)

    def extra_repr(self) -> str:
        """Whether `b` is transposed."""
        return "transpose_b" if self.transpose_b else ""


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig(BlockConfig):
    """Settings of `Softmax`."""

    axis: Annotated[
        str,
        Setting("Over what the numbers sum to one: the last dimension (keys), or one before.", choices=tuple(OVER)),
    ] = "keys"


@block(
    "softmax",
    title="Softmax",
    family="Attention",
    config=SoftmaxConfig,
    inputs=(Port(name="x", kind="any", shape="...", about="Scores, such as those of attention."),),
    outputs=(Port(name="y", kind="any", shape="...", about="Shares that sum to one."),),
    formula="exp(x_i) / Σ_j exp(x_j)",
    paper=ATTENTION + ", eq. 1",
)
class Softmax(nn.Module):
    """Turns scores into shares that sum to one; where all scores are −∞, every share is zero.

    Attention takes it over the keys: each query shares itself out among them.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.
    """

    def __init__(self, config: SoftmaxConfig) -> None:
        super().__init__()
        self.config = config
        self.dim = OVER[config.axis]

    def forward(self, x: Tensor) -> Tensor:
        """Share out; shapes stay."""
        nothing = x.amax(dim=self.dim, keepdim=True) == -math.inf  # 1 in the dimension that is summed
        return x.masked_fill(nothing, 0.0).softmax(dim=self.dim).masked_fill(nothing, 0.0)

    def extra_repr(self) -> str:
        """What it sums over."""
        return self.config.axis
