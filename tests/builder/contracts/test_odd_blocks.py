"""Blocks of strangers break what none of ours can: rows that mix, chance in evaluation, a block that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from builder.contracts import ContractResult, check_contracts
from builder.document import Document
from engine.blocks.spec import CATALOGUE, BlockConfig, Port, block
from tests.builder.drawn import node
from tests.builder.zoo.base import changed, gpt


class Odd(nn.Module):
    """What the odd blocks share."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.config = config


class MeanOfRows(Odd):
    """Takes the mean of all rows away, as a norm over the batch does."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes stay."""
        return x - x.mean(dim=0, keepdim=True)


class Noise(Odd):
    """Adds noise even in evaluation."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes stay."""
        return x + torch.randn_like(x)


class Shift(Odd):
    """Every position takes what the next one has."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes stay."""
        return x.roll(-1, dims=1)


class Crash(Odd):
    """Fails when it is run."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: ARG002
        """Never returns."""
        raise RuntimeError("no such kernel")


@pytest.fixture(autouse=True)
def odd_blocks() -> Iterator[None]:
    """The odd blocks are in the catalogue."""
    for kind, module in (("mean_of_rows", MeanOfRows), ("noise", Noise), ("shift", Shift), ("crash", Crash)):
        x = Port(name="x", shape="... D", about="Any vectors.")
        y = Port(name="y", shape="... D", about="The same shape.")
        declare = block(kind, title=kind, family="Norm and wiring", config=BlockConfig, inputs=(x,), outputs=(y,))
        declare(module)
    yield
    for kind in ("mean_of_rows", "noise", "shift", "crash"):
        CATALOGUE._items.pop(kind)


def within(kind: str) -> Document:
    """A GPT with a block of that kind before its last norm."""
    wires = "blocks.y>odd.x odd.y>ln_f.x"
    return changed(gpt(), "model", nodes={"odd": node(kind)}, drop="blocks.y>ln_f.x", add=wires)


def broken(document: Document, code: str) -> ContractResult:
    return next(r for r in check_contracts(document) if r.code == code and not r.passed)


def test_a_block_that_mixes_rows_is_blamed_and_taken_out() -> None:
    found = broken(within("mean_of_rows"), "C004")

    assert found.path == "model/odd"
    assert found.fixes[0].label == "Remove odd"


def test_a_block_that_draws_in_evaluation_is_blamed() -> None:
    assert broken(within("noise"), "C015").path == "model/odd"


def test_a_block_that_looks_ahead_without_attention_is_blamed() -> None:
    found = broken(within("shift"), "C001")

    assert found.path == "model/odd"
    assert found.fixes


def test_a_block_that_fails_is_named() -> None:
    (found,) = check_contracts(within("crash"))

    assert (found.code, found.path, found.passed) == ("C000", "model/odd", False)
    assert "no such kernel" in found.detail
