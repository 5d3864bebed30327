"""Masks, one score at a time, and softmax where nothing is left."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.blocks.masks import Mask, MaskConfig
from engine.blocks.primitives import Softmax, SoftmaxConfig

SEEN: dict[str, tuple[dict[str, Any], Callable[[int, int], bool]]] = {
    "none": ({}, lambda *_: True),
    "causal": ({}, lambda t, s: s <= t),
    "anticausal": ({}, lambda t, s: s >= t),
    "sliding_window": ({"window": 2}, lambda t, s: t - 2 < s <= t),
    "prefix": ({"prefix": 2}, lambda t, s: s <= t or s < 2),
}


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def mask(pattern: str, **settings: Any) -> Mask:
    return Mask(MaskConfig(pattern=pattern, **settings))


@pytest.mark.parametrize("pattern", SEEN)
@pytest.mark.parametrize("lengths", [(5, 5), (2, 5)])
def test_a_pattern_shows_what_it_should(pattern: str, lengths: tuple[int, int]) -> None:
    settings, seen = SEEN[pattern]
    T, S = lengths
    scores = noise(2, 3, T, S)

    y = mask(pattern, **settings)(scores)

    for t, s in ((t, s) for t in range(T) for s in range(S)):
        expected = scores[..., t, s] if seen(t + S - T, s) else torch.full((2, 3), -math.inf)
        assert torch.equal(y[..., t, s], expected)


def test_padding_and_a_mask_of_one_s_own_hide_as_well() -> None:
    scores = noise(2, 1, 3, 3)
    padding = torch.tensor([[True, True, True], [True, False, True]])
    allowed = torch.tensor([[True, False, True]] * 3)

    y = mask("causal")(scores, padding, allowed)

    assert (y[0, 0] > -math.inf).tolist() == [[True, False, False], [True, False, False], [True, False, True]]
    assert (y[1, 0] > -math.inf).tolist() == [[True, False, False], [True, False, False], [True, False, True]]
    assert (mask("none")(scores, padding)[1, 0, 0] > -math.inf).tolist() == [True, False, True]


@pytest.mark.parametrize(("axis", "dim"), [("keys", -1), ("queries", -2), ("heads", -3)])
def test_softmax_is_the_shares_of_exponentials(axis: str, dim: int) -> None:
    x = noise(2, 3, 4, 5)

    y = Softmax(SoftmaxConfig(axis=axis))(x)

    torch.testing.assert_close(y, x.exp() / x.exp().sum(dim, keepdim=True))


def test_where_nothing_may_be_seen_shares_are_zero_and_gradients_finite() -> None:
    x = noise(2, 1, 2, 3).requires_grad_()
    hidden = torch.tensor([[True, True, True], [False, True, False]])

    y = Softmax(SoftmaxConfig())(x.masked_fill(hidden, -math.inf))
    y.pow(2).sum().backward()

    assert torch.equal(y[:, :, 0], torch.zeros(2, 1, 3))
    assert x.grad is not None
    assert x.grad.isfinite().all()
    torch.testing.assert_close(y[:, :, 1].sum(-1), torch.ones(2, 1))
