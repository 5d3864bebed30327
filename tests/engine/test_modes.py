"""Evaluation mode, and the way back from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.answers import take_samples
from engine.attention_maps import attention_on_text, attention_stacks
from engine.data import TASKS
from engine.generation import generate
from engine.metrics import evaluate
from engine.modes import evaluating

USERS: dict[str, Callable[[nn.Module], object]] = {
    "validation": lambda model: evaluate(model, TASKS["brackets"], 4, torch.device("cpu")),
    "answers": lambda model: take_samples(model, TASKS["brackets"], 4),
    "writing": lambda model: generate(model, torch.tensor([[1]])),
    "attention": lambda model: attention_stacks(model, {"tokens": torch.tensor([[1]])}, {"tokens": ["a"]}),
    "attention on an answer": lambda model: attention_on_text(model, "abc", TASKS["reverse"]),
}


class Broken(nn.Module):
    """Fails, and knows in which mode it was."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.modes: list[bool] = []

    def forward(self, tokens: Tensor) -> Tensor:
        """No logits at all."""
        self.modes.append(self.training)
        raise ZeroDivisionError(f"{tokens.shape}")


@pytest.mark.parametrize("name", USERS)
def test_whoever_looks_at_a_model_that_fails_leaves_it_in_training(name: str) -> None:
    model = Broken().train()

    with pytest.raises(ZeroDivisionError):
        USERS[name](model)

    assert model.modes == [False]
    assert model.training


def test_parts_that_were_frozen_stay_so() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout(), nn.Dropout()))
    model.train()
    model[1].eval()
    model[1][1].train()
    before = [part.training for part in model.modules()]

    with evaluating(model):
        assert not any(part.training for part in model.modules())

    assert [part.training for part in model.modules()] == before
