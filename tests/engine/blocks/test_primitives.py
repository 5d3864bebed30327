"""The steps of attention, and that together they are attention."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.t5.modeling_t5 import T5LayerNorm

from engine.blocks import CATALOGUE
from engine.blocks.norm import RMSNorm, RMSNormConfig


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def run(kind: str, *inputs: Tensor | None, **settings: Any) -> Tensor:
    y = CATALOGUE[kind].make(settings).eval()(*inputs)
    assert isinstance(y, Tensor)
    return y


def test_scale_takes_a_power_of_a_size() -> None:
    x = noise(2, 3)

    torch.testing.assert_close(run("scale", x, d=16, power=-0.5), x / 4)
    assert torch.equal(run("scale", x, factor=3.0), 3 * x)


def test_matmul_takes_columns_or_rows() -> None:
    a, b = noise(2, 3, 4, 5), noise(2, 3, 6, 5)

    expected = torch.einsum("bhtk,bhsk->bhts", a, b)

    torch.testing.assert_close(run("matmul", a, b, transpose_b=True), expected)
    torch.testing.assert_close(run("matmul", a, b.mT), expected)


@pytest.mark.parametrize(
    ("masked", "core"),
    [("none", "none"), ("causal", "causal"), ("anticausal", "anticausal"), ("none", "padding"), ("causal", "both")],
)
def test_attention_from_primitives_is_attention(masked: str, core: str) -> None:
    q, k, v = noise(2, 3, 4, 8), noise(2, 3, 4, 8) + 1, noise(2, 3, 4, 8) - 1
    padded = core in ("padding", "both")
    padding = torch.tensor([[True, True, True, False], [True, True, True, True]]) if padded else None

    scores = run("scale", run("matmul", q, k, transpose_b=True), d=8, power=-0.5)
    weights = run("softmax", run("mask", scores, padding, pattern=masked))
    y = run("matmul", weights, v)

    torch.testing.assert_close(y, run("attention_core", q, k, v, padding, mask=core), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["add", "multiply"])
def test_the_second_of_two_is_repeated_where_it_is_smaller(kind: str) -> None:
    a, b = noise(2, 3, 4), noise(1, 4)

    y = run(kind, a, b)

    for i, j in ((i, j) for i in range(2) for j in range(3)):
        assert torch.equal(y[i, j], a[i, j] + b[0] if kind == "add" else a[i, j] * b[0])


GATES = {
    "silu": lambda x: x / (1 + math.exp(-x)),
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "relu": lambda x: max(0.0, x),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "none": lambda x: x,
}


@pytest.mark.parametrize("activation", GATES)
def test_a_gate_lets_through_what_its_function_says(activation: str) -> None:
    x, gate = noise(2, 5), noise(5, 2).T

    expected = [float(a) * GATES[activation](float(b)) for a, b in zip(x.flatten(), gate.flatten(), strict=True)]

    torch.testing.assert_close(run("gate", x, gate, activation=activation), torch.tensor(expected).view(2, 5))


@pytest.mark.parametrize("theirs", [LlamaRMSNorm, T5LayerNorm])
@pytest.mark.parametrize("shape", [(2, 7, 33), (4, 64, 128), (2, 3, 5, 8)])
def test_rms_norm_is_that_of_llama_and_t5_bit_for_bit(theirs: Any, shape: tuple[int, ...]) -> None:
    norm, ours = theirs(shape[-1], eps=1e-5), RMSNorm(RMSNormConfig(d_model=shape[-1], eps=1e-5))
    with torch.no_grad():
        norm.weight.copy_(noise(shape[-1]))
    ours.load_state_dict(norm.state_dict())
    x = noise(*shape)

    assert torch.equal(ours(x), norm(x))


def test_repeated_heads_are_neighbours() -> None:
    x = noise(2, 2, 3, 4)

    y = run("repeat_heads", x, n_heads=6)

    assert torch.equal(y, x.repeat_interleave(3, dim=1))
    with pytest.raises(ValueError, match=r"2 heads cannot be shared by 5\. Set n_heads to a multiple of 2"):
        run("repeat_heads", x, n_heads=5)


@pytest.mark.parametrize(("axis", "dim"), [("features", -1), ("positions", -2), ("heads", -3)])
def test_concat_slice_and_transpose_know_features_positions_and_heads(axis: str, dim: int) -> None:
    x = noise(2, 3, 4, 5)

    first, rest = run("slice", x, axis=axis, stop=1), run("slice", x, axis=axis, start=1)

    assert torch.equal(first, x.narrow(dim, 0, 1))
    assert torch.equal(run("concat", first, rest, axis=axis), x)
    assert torch.equal(run("slice", x, axis=axis, start=1, stop=-1), x.narrow(dim, 1, x.shape[dim] - 2))
    assert torch.equal(run("transpose", x, a_axis=axis, b_axis="positions"), x.transpose(dim, -2))


def test_the_core_with_a_causal_mask_is_one_call_without_a_mask_tensor() -> None:
    calls: list[tuple[Any, ...]] = []

    class Listening(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func not in (Tensor.shape.__get__,):
                calls.append((func, args[3:], kwargs))
            return func(*args, **(kwargs or {}))

    q = noise(1, 2, 4, 8)
    with Listening():
        run("attention_core", q, q, q, mask="causal")

    assert [(func, args[0], args[2]) for func, args, _ in calls] == [(F.scaled_dot_product_attention, None, True)]
