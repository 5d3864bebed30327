"""Rates, decay and clipping against their formulas."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from engine.config import RunConfig
from engine.optim import clip_gradient, make_optimizer, schedule


def test_the_rate_rises_to_its_height_in_the_warm_up_and_falls_to_a_tenth() -> None:
    config = RunConfig(steps=100, warmup=10, schedule="cosine")

    rates = [schedule(step, config) for step in range(1, 101)]

    assert rates[:10] == pytest.approx([i / 10 for i in range(1, 11)])
    assert rates[10] == pytest.approx(1)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


def test_a_cosine_is_half_way_down_in_the_middle_and_a_line_too() -> None:
    for kind in ("cosine", "linear"):
        config = RunConfig(steps=100, warmup=0, schedule=kind)
        assert schedule(51, config) == pytest.approx(0.55)


def test_a_constant_rate_stays() -> None:
    config = RunConfig(steps=10, warmup=0, schedule="constant")

    assert {schedule(step, config) for step in range(1, 20)} == {1.0}


def test_only_matrices_decay() -> None:
    layer = nn.Linear(3, 2)

    matrix, vector = make_optimizer(layer, RunConfig(weight_decay=0.5)).param_groups

    assert matrix["params"] == [layer.weight]
    assert matrix["weight_decay"] == 0.5
    assert vector["params"] == [layer.bias]
    assert vector["weight_decay"] == 0


def test_a_model_without_vectors_gets_an_optimizer_too() -> None:
    optimizer = make_optimizer(nn.Linear(3, 2, bias=False), RunConfig())

    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(("longest", "after"), [(1.0, 1.0), (10.0, 5.0), (0.0, 5.0)])
def test_a_gradient_is_shortened_only_if_it_is_too_long(longest: float, after: float) -> None:
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.grad = torch.tensor([[3.0, 4.0]])

    before = clip_gradient(layer, longest)

    assert before.item() == 5
    assert math.hypot(*layer.weight.grad[0].tolist()) == pytest.approx(after, rel=1e-5)
