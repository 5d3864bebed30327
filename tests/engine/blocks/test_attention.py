"""Attention against its formula, one weight at a time."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.blocks.attention import (
    AttentionCore,
    AttentionCoreConfig,
    MergeHeads,
    MergeHeadsConfig,
    SplitHeads,
    SplitHeadsConfig,
)

MASKS = ("none", "causal", "padding", "both")


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def core(mask: str, dropout: float = 0.0) -> AttentionCore:
    return AttentionCore(AttentionCoreConfig(mask=mask, dropout=dropout))


def triple(T: int = 4, S: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    return noise(2, 3, T, 5), noise(2, 3, S, 5) + 1, noise(2, 3, S, 5) - 1


def by_formula(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: str = "none",
    padding: Tensor | None = None,
    bias: Tensor | None = None,
    window: int = 99,
    prefix: int = 0,
    scale: float | None = None,
    sinks: list[float] | None = None,
) -> tuple[Tensor, Tensor]:
    """arXiv:1706.03762, eq. 1, by loops over the sequence, the head and the query."""
    B, H, T, K = q.shape
    S, group = k.shape[2], H // k.shape[1]
    weights = torch.zeros(B, H, T, S)
    for b, h, t in ((b, h, t) for b in range(B) for h in range(H) for t in range(T)):
        here = t + S - T
        seen = [s for s in range(S) if not (mask in ("causal", "both") and s > here)]
        seen = [s for s in seen if not (mask == "anticausal" and s < here) and abs(here - s) < window]
        seen = [s for s in range(S) if s in seen or s < prefix]
        seen = [s for s in seen if padding is None or padding[b, s]]
        scores = [float(q[b, h, t] @ k[b, h // group, s]) * (scale or K**-0.5) for s in seen]
        fits = [
            math.exp(x + (0 if bias is None else float(bias[0, h, t, s]))) for x, s in zip(scores, seen, strict=True)
        ]
        nothing = 0 if sinks is None else math.exp(sinks[h])
        for s, fit in zip(seen, fits, strict=True):
            weights[b, h, t, s] = fit / (sum(fits) + nothing)
    return weights @ v.repeat_interleave(group, 1), weights


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("lengths", [(4, 4), (3, 6), (1, 4)])
def test_core_and_weights_follow_the_formula(mask: str, padded: bool, lengths: tuple[int, int]) -> None:
    q, k, v = triple(*lengths)
    padding = torch.arange(lengths[1]) < torch.tensor([[lengths[1]], [2]]) if padded else None
    used = padding if mask in ("padding", "both") else None

    y, weights = by_formula(q, k, v, mask=mask, padding=used)

    torch.testing.assert_close(core(mask)(q, k, v, padding), y, rtol=0, atol=2e-6)
    torch.testing.assert_close(core(mask).watch("weights", q, k, v, padding), weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"mask": "anticausal"}, {"mask": "causal", "window": 2}, {"mask": "none", "window": 2}, {"mask": "none"},
        {"mask": "anticausal", "window": 2}, {"mask": "causal", "prefix": 2}, {"mask": "padding", "scale": 1.0},
        {"mask": "causal"}, {"mask": "both", "window": 2, "prefix": 1}, {"mask": "causal", "scale": 0.3},
    ],
)  # fmt: skip
@pytest.mark.parametrize("lengths", [(4, 4), (3, 6)])
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("sunk", [True, False])
def test_all_that_the_core_can_be_set_to_follows_the_formula(
    settings: dict[str, Any], lengths: tuple[int, int], biased: bool, sunk: bool
) -> None:
    T, S = lengths
    q, k, v = noise(2, 4, T, 5), noise(2, 2, S, 5) + 1, noise(2, 2, S, 5) - 1  # two heads of keys for four of queries
    padding = torch.arange(S) < torch.tensor([[S], [3]]) if settings["mask"] in ("padding", "both") else None
    bias, sinks = noise(1, 4, T, S) if biased else None, [0.5, -1.0, 0.0, 2.0] if sunk else None
    module = AttentionCore(AttentionCoreConfig(sinks=sunk, n_heads=4, **settings))
    if sunk:
        module.load_state_dict({"sinks": torch.tensor(sinks)})

    y, weights = by_formula(q, k, v, padding=padding, bias=bias, sinks=sinks, **settings)

    torch.testing.assert_close(module(q, k, v, padding, bias), y, rtol=0, atol=2e-6)
    torch.testing.assert_close(module.watch("weights", q, k, v, padding, bias), weights, rtol=0, atol=1e-6)


def test_sinks_are_learned() -> None:
    module = AttentionCore(AttentionCoreConfig(sinks=True, n_heads=3, mask="causal"))

    module(*triple()).sum().backward()

    assert module.sinks.grad is not None
    assert (module.sinks.grad != 0).all()


@pytest.mark.parametrize("mask", ["padding", "both"])
def test_a_query_that_may_look_at_nothing_gets_zeros_and_a_finite_gradient(mask: str) -> None:
    q, k, v = (x.requires_grad_() for x in triple())
    padding = torch.tensor([[False, False, True, True], [False, False, False, False]])

    y = core(mask)(q, k, v, padding)
    y.sum().backward()

    assert torch.equal(y[1], torch.zeros_like(y[1]))
    assert all(x.grad is not None and x.grad.isfinite().all() for x in (q, k, v))
    weights = core(mask).watch("weights", q, k, v, padding)
    assert torch.equal(weights[1], torch.zeros_like(weights[1]))


def test_dropout_of_weights_happens_in_training_only() -> None:
    q, k, v = triple()
    module = core("none", dropout=0.5)

    assert not torch.equal(module(q, k, v), core("none")(q, k, v))
    assert torch.equal(module.eval()(q, k, v), core("none")(q, k, v))


def test_heads_are_neighbouring_pieces_of_a_vector() -> None:
    x = torch.arange(2 * 3 * 6.0).view(2, 3, 6)

    heads = SplitHeads(SplitHeadsConfig(n_heads=2))(x)

    assert torch.equal(heads[:, 1], x[..., 3:])
    assert torch.equal(MergeHeads(MergeHeadsConfig())(heads), x)


def test_heads_must_share_the_width_evenly() -> None:
    with pytest.raises(ValueError, match="8 features cannot be shared by 3 heads"):
        SplitHeads(SplitHeadsConfig(n_heads=3))(torch.zeros(1, 2, 8))
