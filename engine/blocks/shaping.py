"""Putting tensors together, cutting pieces out of them, and turning them around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block

AXES = {"features": -1, "positions": -2, "heads": -3}
OWN = "Stepwise’s own; no paper."


@dataclass(frozen=True, kw_only=True)
class ConcatConfig(BlockConfig):
    """Settings of `Concat`."""

    axis: Annotated[
        str,
        Setting("Side by side (features), one after another (positions), or as more heads.", choices=tuple(AXES)),
    ] = "features"


@block(
    "concat",
    title="Concatenate",
    family="Norm and wiring",
    config=ConcatConfig,
    inputs=(
        Port(
            name="a",
            kind="any",
            shape="axis=features: ... D ; axis=positions: ... T D ; ... H T D",
            about="What comes first.",
        ),
        Port(
            name="b",
            kind="any",
            shape="axis=features: ... E ; axis=positions: ... U D ; ... G T D",
            about="What comes next.",
        ),
    ),
    outputs=(
        Port(
            name="y",
            kind="any",
            shape="axis=features: ... D+E ; axis=positions: ... T+U D ; ... H+G T D",
            about="Both as one.",
        ),
    ),
    formula="[a ; b]",
    paper=OWN,
)
class Concat(nn.Module):
    """Makes one tensor of two: longer vectors, longer sequences, or more heads."""

    def __init__(self, config: ConcatConfig) -> None:
        super().__init__()
        self.config = config
        self.dim = AXES[config.axis]

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Put together.

        Args:
            a: What comes first, (…, T, D).
            b: What comes next, as large in all dimensions but one.

        Returns:
            Both, (…, T, D) with one dimension as large as both.
        """
        return torch.cat((a, b), dim=self.dim)

    def extra_repr(self) -> str:
        """Along what."""
        return self.config.axis


@dataclass(frozen=True, kw_only=True)
class SliceConfig(BlockConfig):
    """Settings of `Slice`."""

    axis: Annotated[str, Setting("What is cut: features, positions or heads.", choices=tuple(AXES))] = "positions"
    start: Annotated[int, Setting("How many are left out at the front.", low=0)] = 0
    stop: Annotated[int, Setting("Where it ends; 0 is the end, -1 one before it.")] = 0


def _cut(axis: str, letter: str, shape: str) -> str:
    """The cases of a cut: counted from the front or from the end."""
    from_end = shape.replace(letter, f"{letter}+stop-start")
    return f"axis={axis},stop<1: {from_end} ; axis={axis}: {shape.replace(letter, 'stop-start')}"


@block(
    "slice",
    title="Slice",
    family="Norm and wiring",
    config=SliceConfig,
    inputs=(
        Port(
            name="x",
            kind="any",
            shape="axis=features: ... D ; axis=positions: ... T D ; ... H T D",
            about="What to cut from; at least as long as `stop`.",
        ),
    ),
    outputs=(
        Port(
            name="y",
            kind="any",
            shape=" ; ".join(
                (_cut("features", "D", "... D"), _cut("positions", "T", "... T D"), _cut("heads", "H", "... H T D"))
            ),
            about="The piece.",
        ),
    ),
    formula="x[start : stop]",
    paper=OWN,
)
class Slice(nn.Module):
    """Cuts a piece out of a tensor: some features, positions or heads."""

    def __init__(self, config: SliceConfig) -> None:
        super().__init__()
        self.config = config
        self.dim = AXES[config.axis]
        self.part = slice(config.start, config.stop or None)

    def forward(self, x: Tensor) -> Tensor:
        """Cut.

        Args:
            x: What to cut from, (…, H, T, D); heads need not be there.

        Returns:
            The piece, smaller in one dimension.
        """
        return x[(..., self.part, *[slice(None)] * (-1 - self.dim))]

    def extra_repr(self) -> str:
        """What it cuts out."""
        return f"{self.config.axis}[{self.config.start}:{self.config.stop or ''}]"


@dataclass(frozen=True, kw_only=True)
class TransposeConfig(BlockConfig):
    """Settings of `Transpose`."""

    a_axis: Annotated[str, Setting("What changes places.", choices=tuple(AXES))] = "features"
    b_axis: Annotated[str, Setting("What it changes places with.", choices=tuple(AXES))] = "positions"


_SWAPS = {
    ("features", "positions"): "... H K T",
    ("heads", "positions"): "... T H K",
    ("features", "heads"): "... K T H",
}
_SWAPPED = " ; ".join(
    f"a_axis={a},b_axis={b}: {shape}" for pair, shape in _SWAPS.items() for a, b in (pair, pair[::-1])
)


@block(
    "transpose",
    title="Transpose",
    family="Norm and wiring",
    config=TransposeConfig,
    inputs=(Port(name="x", kind="any", shape="... H T K", about="What is turned."),),
    outputs=(Port(name="y", kind="any", shape=f"{_SWAPPED} ; ... H T K", about="The same, turned."),),
    formula="xᵀ",
    paper=OWN,
)
class Transpose(nn.Module):
    """Lets two dimensions change places, such as features and positions.

    What stands before the positions counts as heads: of hidden vectors (B, T, D) that is the batch.
    """

    def __init__(self, config: TransposeConfig) -> None:
        super().__init__()
        self.config = config
        self.dims = AXES[config.a_axis], AXES[config.b_axis]

    def forward(self, x: Tensor) -> Tensor:
        """Turn (…, H, T, K) around; no number changes."""
        return x.transpose(*self.dims)

    def extra_repr(self) -> str:
        """What changes places."""
        return f"{self.config.a_axis}, {self.config.b_axis}"
