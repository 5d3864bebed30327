"""Training and evaluation: a model is looked at without dropout, and goes on as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Have the model in evaluation mode inside, and every part of it as it was after, whatever happens."""
    before = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, was_training in before:  # from the outside in
            if part.training != was_training:
                part.train(was_training)
