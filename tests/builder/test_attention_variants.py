"""Attention and gates of the library against formulas written by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import builder
from tests.builder.small_models import alone, noise, real, shaken

SIZES = {"d_model": 12, "n_heads": 6, "n_kv_heads": 2, "d_head": 4}


def model_of(name: str, **settings: int | float | str) -> nn.Module:
    return shaken(builder.compile_document(alone(name, **settings)))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("pattern", "mask"), [("none", "padding"), ("causal", "both")])
@torch.no_grad()
def test_attention_drawn_from_primitives_equals_the_core(pattern: str, mask: str, padded: bool) -> None:
    drawn = model_of("attention_from_primitives", d_model=12, n_heads=3, pattern=pattern)
    fused = model_of("multi_head_attention", d_model=12, n_heads=3, mask=mask)
    fused.load_state_dict(drawn.state_dict())
    more = {"padding": real(2, 7, 7, 4)} if padded else {}

    y, wanted = drawn(x=noise(2, 7, 12), **more), fused(x=noise(2, 7, 12), **more)

    torch.testing.assert_close(y, wanted, rtol=0, atol=2e-6)


def test_attention_drawn_from_primitives_learns_what_the_core_learns() -> None:
    drawn = model_of("attention_from_primitives", d_model=12, n_heads=3, pattern="causal")
    fused = model_of("multi_head_attention", d_model=12, n_heads=3, mask="causal")

    for model in (drawn, fused):
        model(x=noise(2, 7, 12)).square().sum().backward()

    mine = dict(drawn.named_parameters())
    assert list(mine) == list(dict(fused.named_parameters()))
    for path, parameter in fused.named_parameters():
        torch.testing.assert_close(mine[path].grad, parameter.grad, rtol=1e-4, atol=1e-4)


def test_every_step_of_attention_from_primitives_can_be_seen() -> None:
    nodes = alone("attention_from_primitives").main.nodes

    kinds = [node.kind for node in nodes.values() if not node.is_rail]

    steps = ["matmul", "scale", "mask", "softmax", "dropout", "matmul", "merge_heads", "linear"]
    assert kinds == ["linear", "split_heads"] * 3 + steps


def turned_by_hand(x: Tensor, theta: float) -> Tensor:
    """Rotary positions, pair by pair: (B, H, T, K)."""
    y, half = x.clone(), x.shape[-1] // 2
    for t in range(x.shape[2]):
        for i in range(half):
            angle = t * theta ** (-i / half)
            a, b = x[:, :, t, i], x[:, :, t, i + half]
            y[:, :, t, i] = a * math.cos(angle) - b * math.sin(angle)
            y[:, :, t, i + half] = b * math.cos(angle) + a * math.sin(angle)
    return y


def grouped_by_hand(model: nn.Module, x: Tensor, theta: float, n_heads: int, normed: bool) -> Tensor:
    """Grouped-query attention with a loop over heads; looks only back."""
    state = model.state_dict()
    heads = {}
    for letter in "qkv":
        y = x @ state[f"{letter}_proj.weight"].T
        heads[letter] = y.unflatten(-1, (-1, 4)).transpose(1, 2)  # (B, H or G, T, K)
        if normed and letter != "v":
            size = heads[letter].square().mean(-1, keepdim=True).add(1e-6).sqrt()
            heads[letter] = heads[letter] / size * state[f"{letter}_norm.weight"]
    q, k = (turned_by_hand(heads[letter], theta) for letter in "qk")
    later = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
    found = []
    for h in range(n_heads):
        group = h * k.shape[1] // n_heads
        scores = (q[:, h] @ k[:, group].mT / 2).masked_fill(later, -math.inf)
        found.append(scores.softmax(-1) @ heads["v"][:, group])
    return torch.cat(found, -1) @ state["out_proj.weight"].T


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
@pytest.mark.parametrize("name", ["grouped_query_attention", "qk_norm_attention"])
@torch.no_grad()
def test_several_queries_share_a_key_and_turn_with_their_position(name: str, n_kv_heads: int) -> None:
    model = model_of(name, **{**SIZES, "n_kv_heads": n_kv_heads, "theta": 50.0})
    x = noise(2, 5, 12)

    y = model(x=x)

    assert model.get_parameter("k_proj.weight").shape == (n_kv_heads * 4, 12)
    wanted = grouped_by_hand(model, x, 50.0, 6, normed=name.startswith("qk"))
    torch.testing.assert_close(y, wanted, rtol=0, atol=2e-5)


@torch.no_grad()
def test_grouped_attention_hides_padding_where_its_mask_says_so() -> None:
    model = model_of("grouped_query_attention", **SIZES, mask="both")
    x = noise(1, 6, 12)

    padded = model(x=x, padding=torch.tensor([[False, False, True, True, True, True]]))

    torch.testing.assert_close(padded[:, 2:], model(x=x[:, 2:]), rtol=0, atol=2e-5)  # RoPE knows distances only


@pytest.mark.parametrize(("name", "activation"), [("silu", F.silu), ("gelu", F.gelu), ("relu", F.relu)])
@torch.no_grad()
def test_a_gate_decides_how_much_gets_through(name: str, activation: torch.nn.Module) -> None:
    model = model_of("glu_feed_forward", d_model=6, d_ff=10, activation=name)
    x, w = noise(2, 3, 6), {key.split("_")[0]: value.T for key, value in model.state_dict().items()}

    wanted = (activation(x @ w["gate"]) * (x @ w["up"])) @ w["down"]

    torch.testing.assert_close(model(x=x), wanted)


@torch.no_grad()
def test_berts_pooler_squeezes_the_first_token() -> None:
    model = model_of("bert_pooler", d_model=6)
    x = noise(2, 3, 6)

    wanted = torch.tanh(x[:, 0] @ model.get_parameter("dense.weight").T + model.get_parameter("dense.bias"))

    torch.testing.assert_close(model(x=x), wanted)
