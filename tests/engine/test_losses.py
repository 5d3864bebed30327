"""Losses against their formulas."""

from __future__ import annotations

import math

import pytest
import torch

from engine.data import IGNORE
from engine.errors import RunError
from engine.losses import check_logits, cross_entropy, logits_of


def test_cross_entropy_is_the_mean_of_minus_log_p_over_what_is_asked() -> None:
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0, IGNORE, 4], [IGNORE, 2, IGNORE]])

    found = cross_entropy(logits, targets).item()

    rows = [(0, 0, 0), (0, 2, 4), (1, 1, 2)]
    values = [[math.exp(x) for x in logits[b, t].tolist()] + [v] for b, t, v in rows]
    expected = [-math.log(row[int(row[-1])] / sum(row[:-1])) for row in values]
    assert found == pytest.approx(sum(expected) / 3, rel=1e-5)


def test_equal_logits_cost_the_log_of_the_number_of_answers() -> None:
    assert cross_entropy(torch.zeros(4, 7), torch.arange(4)).item() == pytest.approx(math.log(7))


def test_smoothing_mixes_in_the_mean_over_all_answers() -> None:
    logits, targets = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 3])

    found = cross_entropy(logits, targets, 0.2).item()

    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    right, every = -log_p[range(3), targets], -log_p.mean(-1)
    assert found == pytest.approx((0.8 * right + 0.2 * every).mean().item(), rel=1e-5)


def test_logits_are_found_among_several_outputs() -> None:
    logits = torch.zeros(2)

    assert logits_of({"hidden": torch.ones(2), "logits": logits}) is logits
    with pytest.raises(RunError, match="outputs hidden"):
        logits_of({"hidden": logits})


def test_a_model_with_the_wrong_head_is_told_both_shapes() -> None:
    with pytest.raises(RunError, match=r"\(2, 3, 9\).*\(2, 2\)"):
        check_logits(torch.zeros(2, 3, 9), torch.zeros(2), 2)
    with pytest.raises(RunError, match="4 answers, but the task has 9"):
        check_logits(torch.zeros(2, 3, 4), torch.zeros(2, 3), 9)
