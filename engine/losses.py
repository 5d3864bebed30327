"""How wrong an answer is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import IGNORE
from engine.errors import RunError


def logits_of(output: Tensor | dict[str, Tensor]) -> Tensor:
    """The logits in what a model returns.

    Raises:
        RunError: If it has several outputs and none is called `logits`.
    """
    if isinstance(output, Tensor):
        return output
    if "logits" not in output:
        raise RunError(f"The model has outputs {', '.join(output)}, but none is called `logits`. Rename one.")
    return output["logits"]


def check_logits(logits: Tensor, targets: Tensor, classes: int) -> None:
    """See whether logits (…, V) can answer targets (…).

    Args:
        logits: What the model returned.
        targets: What was asked.
        classes: How many different answers there are.

    Raises:
        RunError: If their shapes do not fit; the message has both.
    """
    got, wants = tuple(logits.shape), tuple(targets.shape)
    if got[:-1] != wants:
        raise RunError(
            f"The model answers with logits {got}, but the task asks for {(*wants, classes)}. "
            "End the model with a language-model head for text, or a classifier head for labels."
        )
    if got[-1] < classes:
        raise RunError(f"The model's logits have {got[-1]} answers, but the task has {classes}. Set that size.")


def cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Mean of -log p(right answer) in nats, over the targets that are not `IGNORE`, ().

    Args:
        logits: (…, V).
        targets: (…) int64.
        label_smoothing: Share of the target given to all answers alike.
    """
    flat = logits.flatten(0, -2)  # (N, V)
    return F.cross_entropy(flat, targets.flatten(), ignore_index=IGNORE, label_smoothing=label_smoothing)


@runtime_checkable
class HasAuxiliaryLoss(Protocol):
    """A module that wants something of its own besides right answers, such as equally busy experts."""

    def auxiliary_loss(self) -> Tensor | None:
        """The loss of the last forward in training, (); `None` if there is none."""
        ...


def with_auxiliary_loss(model: nn.Module) -> list[HasAuxiliaryLoss]:
    """The modules of a model that have a loss of their own, each once."""
    own = (module for module in model.modules() if hasattr(type(module), "auxiliary_loss"))  # no child of that name
    return [module for module in own if isinstance(module, HasAuxiliaryLoss)]


def count_calls(layers: nn.Module, times: int) -> None:
    """Tell the modules with a loss of their own that one forward calls them so many times as often as they thought.

    Those that have an attribute `calls` keep what so many calls want; without it, only what the last one wants.

    Args:
        layers: What is called again and again in one forward, such as layers that share their weights.
        times: How often.
    """
    for module in with_auxiliary_loss(layers):
        if isinstance(calls := getattr(module, "calls", None), int):
            module.calls = calls * times  # type: ignore[attr-defined]


def auxiliary_loss(modules: Iterable[HasAuxiliaryLoss]) -> Tensor | None:
    """The sum of what these modules want, (); `None` if they want nothing."""
    found = [loss for loss in (module.auxiliary_loss() for module in modules) if loss is not None]
    return sum(found[1:], found[0]) if found else None
