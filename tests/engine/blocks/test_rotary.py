"""Rotary positions against transformers' Llama and against what the paper says of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from engine.blocks.rotary import Rope, RopeConfig, speeds
from engine.errors import SettingError

THEIRS: dict[str, dict[str, Any]] = {
    "none": {"rope_type": "default", "rope_theta": 10_000.0},
    "linear": {"rope_type": "linear", "rope_theta": 5e5, "factor": 4.0},
    "llama3": {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    },
}  # fmt: skip


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def rope(**settings: Any) -> Rope:
    return Rope(RopeConfig(**settings))


@pytest.mark.parametrize("scaling", THEIRS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_turns_as_llama_does_bit_for_bit(scaling: str, dtype: torch.dtype) -> None:
    theirs = THEIRS[scaling]
    config = LlamaConfig(hidden_size=64, num_attention_heads=4, rope_parameters=theirs, max_position_embeddings=128)
    x = noise(2, 4, 33, 16).to(dtype)
    cos, sin = LlamaRotaryEmbedding(config)(x, torch.arange(33)[None])
    expected, _ = apply_rotary_pos_emb(x, x, cos, sin)

    y = rope(theta=theirs["rope_theta"], scaling=scaling, factor=theirs.get("factor", 1.0), old_len=32)(x)

    assert torch.equal(y, expected)


def test_ntk_turns_the_fastest_pair_as_before_and_the_slowest_as_linear_scaling_does() -> None:
    plain, ntk = (speeds(RopeConfig(scaling=scaling, factor=4.0), 16) for scaling in ("none", "ntk"))

    assert ntk[0] == plain[0]
    assert ntk[-1].item() == pytest.approx(plain[-1].item() / 4, rel=1e-5)


def test_scores_depend_on_the_distance_alone() -> None:
    q, k = noise(1, 1, 1, 8), noise(1, 1, 1, 8) + 1
    block = rope()

    turned_q, turned_k = block(q.expand(1, 1, 20, 8))[0, 0], block(k.expand(1, 1, 20, 8))[0, 0]

    scores = turned_q @ turned_k.T
    torch.testing.assert_close(scores[12, 5], scores[18, 11])
    assert not torch.isclose(scores[12, 5], scores[12, 6])


@pytest.mark.parametrize("first", [0, 5, 70])
def test_later_positions_by_themselves_are_turned_as_in_the_whole(first: int) -> None:
    x, block = noise(1, 2, 80, 4), rope()

    cos, sin = block.waves(x[:, :, first:], first)

    whole_cos, whole_sin = block.waves(x)
    assert torch.equal(cos, whole_cos[first:])
    assert torch.equal(sin, whole_sin[first:])


def test_a_table_made_while_only_looking_serves_training_too() -> None:
    x, block = noise(1, 1, 7, 12), rope(theta=123.0)
    with torch.inference_mode():
        block(x)

    x.requires_grad_()
    block(x).pow(2).sum().backward()

    torch.testing.assert_close(x.grad, 2 * x.detach())  # a turn keeps lengths


def test_it_learns_and_saves_nothing() -> None:
    assert rope().state_dict() == {}


def test_bands_that_overlap_are_refused_with_a_value_that_would_do() -> None:
    with pytest.raises(SettingError, match=r"high_freq_factor is 1, but must be larger.*Set high_freq_factor to 8"):
        RopeConfig(scaling="llama3", low_freq_factor=2.0, high_freq_factor=1.0)
