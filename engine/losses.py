"""How wrong an answer is."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

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
        raise RunError(f"The model has outputs {', '.join(output)}, but training needs `logits`. Rename one.")
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
