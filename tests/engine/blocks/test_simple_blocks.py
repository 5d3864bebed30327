"""The smaller blocks against independent formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.blocks.activation import Activation, ActivationConfig
from engine.blocks.embedding import TokenEmbedding, TokenEmbeddingConfig
from engine.blocks.heads import Pool, PoolConfig
from engine.blocks.linear import Linear, LinearConfig
from engine.blocks.position import PositionsConfig, SinusoidalPositions
from engine.blocks.wiring import Either, EitherConfig, ResidualAdd, ResidualAddConfig
from engine.errors import SettingError

X = torch.linspace(-3, 3, 24).view(2, 3, 4)


def gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def gelu_tanh(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


FORMULAS = {
    "relu": lambda x: max(0.0, x),
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x / (1 + math.exp(-x)),
}


@pytest.mark.parametrize("function", FORMULAS)
def test_an_activation_is_its_formula(function: str) -> None:
    expected = torch.tensor([FORMULAS[function](float(x)) for x in X.flatten()]).view_as(X)

    torch.testing.assert_close(Activation(ActivationConfig(function=function))(X), expected)


def test_a_scaled_embedding_starts_with_entries_of_deviation_one() -> None:
    block = TokenEmbedding(TokenEmbeddingConfig(vocab_size=500, d_model=64, scale=True))

    assert block(torch.arange(500)[None]).std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("width", [6, 7])
def test_sinusoidal_positions_are_those_of_the_paper(width: int) -> None:
    table = SinusoidalPositions(PositionsConfig(d_model=width, max_len=20))(torch.zeros(1, 20, width))[0]

    for t, column in ((t, c) for t in range(20) for c in range(width)):
        angle = t / 10_000 ** (2 * (column // 2) / width)
        wanted = math.cos(angle) if column % 2 else math.sin(angle)
        assert table[t, column].item() == pytest.approx(wanted, abs=1e-6)


def test_sinusoidal_positions_are_no_part_of_the_saved_state() -> None:
    assert SinusoidalPositions(PositionsConfig(d_model=4)).state_dict() == {}


def test_a_linear_block_is_a_matrix_product() -> None:
    block = Linear(LinearConfig(d_in=4, d_out=2))

    expected = torch.einsum("bti,oi->bto", X, block.weight) + block.bias
    torch.testing.assert_close(block(X), expected)


def test_residual_add_drops_the_update_only() -> None:
    block = ResidualAdd(ResidualAddConfig(dropout=1.0))

    assert torch.equal(block(X, X), X)
    assert torch.equal(block.eval()(X, X), 2 * X)


def test_either_takes_the_branch_where_there_is_one() -> None:
    block = Either(EitherConfig())

    assert block(X) is X
    assert torch.equal(block(X, -X), -X)


def rows(padding: Tensor, how: str) -> list[Tensor]:
    real = [x[keep] for x, keep in zip(X, padding, strict=True)]
    return [{"mean": r.mean(0), "first": r[0], "last": r[-1]}[how] for r in real]


@pytest.mark.parametrize("how", ["mean", "first", "last"])
@pytest.mark.parametrize("padding", [[[1, 1, 0], [1, 0, 0]], [[0, 1, 1], [0, 0, 1]], [[1, 1, 1], [1, 1, 1]]])
def test_pooling_looks_at_real_tokens_only(how: str, padding: list[list[int]]) -> None:
    mask = torch.tensor(padding).bool()

    torch.testing.assert_close(Pool(PoolConfig(how=how))(X, mask), torch.stack(rows(mask, how)))


def test_the_mean_of_nothing_is_zero() -> None:
    pooled = Pool(PoolConfig())(X, torch.zeros(2, 3, dtype=torch.bool))

    assert torch.equal(pooled, torch.zeros(2, 4))


def test_a_block_refuses_settings_out_of_range() -> None:
    with pytest.raises(SettingError, match="Linear: d_in is 0, but must be at least 1"):
        LinearConfig(d_in=0)
