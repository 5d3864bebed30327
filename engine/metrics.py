"""How good answers are, from logits and targets."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from engine.data import IGNORE, Interface, Task
from engine.losses import cross_entropy, logits_of
from engine.modes import evaluating


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Share of the asked targets whose likeliest answer is right, ().

    Args:
        logits: (…, V).
        targets: (…); `IGNORE` where nothing is asked.
    """
    asked = targets != IGNORE
    right = (logits.argmax(-1) == targets) & asked  # IGNORE is never an argmax; `&` says it plainly
    return right.sum() / asked.sum()


def exact_match(logits: Tensor, targets: Tensor) -> Tensor:
    """Share of rows in which every asked target is right, ().

    The model reads the right answer so far, but this equals free greedy decoding: the two differ only
    after a wrong token, and then the row counts as wrong either way.

    Args:
        logits: (B, T, V).
        targets: (B, T).
    """
    right = (logits.argmax(-1) == targets) | (targets == IGNORE)  # (B, T)
    return right.all(1).float().mean()


@torch.no_grad()
def evaluate(model: nn.Module, task: Task, size: int, device: torch.device) -> dict[str, float]:
    """Loss and accuracy on the same `size` held-out examples each time; leaves global randomness alone.

    Returns:
        `val_loss` in nats, `val_accuracy` and, where an answer has several tokens, `exact_match`.
    """
    interface = Interface.of(model)
    batch = task.batch("val", Generator().manual_seed(0), size, interface).to(device)
    with evaluating(model):
        logits = logits_of(model(**batch.inputs))
    found = {
        "val_loss": cross_entropy(logits, batch.targets),
        "val_accuracy": accuracy(logits, batch.targets),
    }
    if task.metric == "exact_match":
        found["exact_match"] = exact_match(logits, batch.targets)
    return dict(zip(found, torch.stack(list(found.values())).tolist(), strict=True))


def expert_use(model: nn.Module) -> dict[str, float]:
    """How busy each expert was in the last forward in training.

    Returns:
        `expert_use/PATH/NUMBER`: share of the real tokens sent to it, by the path of its router, as a mean over the
        layers that share it; those of a router sum to the number of experts that each token passes through.
    """
    found = {path: module.expert_use() for path, module in model.named_modules() if hasattr(type(module), "expert_use")}
    return {
        f"expert_use/{path}/{number}": share
        for path, use in found.items()
        if use is not None
        for number, share in enumerate(use.tolist())
    }
