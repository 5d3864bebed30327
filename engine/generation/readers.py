"""Reading a growing text: all of it each time, or only what is new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, fx, nn

from engine.blocks.memory import NoCacheError
from engine.generation.plan import Plan
from engine.losses import logits_of


class Reader(Protocol):
    """Gives a model's logits for a text that grows from call to call."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) for ids (B, T); only those of the last position are sure to be there."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """Go on with these rows of the batch, which may be more or fewer than before."""
        ...


class Whole:
    """Reads the whole text each time.

    Args:
        model: Called by the names of its inputs.
        name: The input that grows.
        fixed: The other inputs, with as many rows.
    """

    def __init__(self, model: nn.Module, name: str, fixed: Mapping[str, Tensor]) -> None:
        self.model = model
        self.name = name
        self.fixed = dict(fixed)

    def __call__(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) for ids (B, T)."""
        return logits_of(self.model(**{self.name: ids}, **self.fixed))

    def reorder(self, rows: Tensor) -> None:
        """Take the other inputs of these rows."""
        self.fixed = {name: value.index_select(0, rows) for name, value in self.fixed.items()}


class Cached:
    """Reads what is new only, and the whole text where that is not possible.

    It is not possible where a block needs all positions at once, such as attention without a causal mask, a pool or
    a softmax over queries; where a text is longer than the model's window, whose positions then shift; while somebody
    listens inside the model; and for models that were not compiled from a graph.

    Args:
        model: Called by the names of its inputs.
        name: The input that grows.
        fixed: The other inputs, with as many rows.
    """

    def __init__(self, model: nn.Module, name: str, fixed: Mapping[str, Tensor]) -> None:
        self.whole = Whole(model, name, fixed)
        self.plan = _plan(model, name, fixed)

    def __call__(self, ids: Tensor) -> Tensor:
        """Logits for ids (B, T)."""
        if self.plan is not None and ids.shape[1] > self.plan.past:
            try:
                return self._new(self.plan, ids)
            except NoCacheError:
                pass
        self.plan = None
        return self.whole(ids)

    def _new(self, plan: Plan, ids: Tensor) -> Tensor:
        first = not plan.past
        logits = plan(ids[:, plan.past :])  # (B, 1, V)
        if first and plan.is_unsure and looks_ahead(self.whole, ids):
            raise NoCacheError("A later position changes an earlier one.")
        return logits

    def reorder(self, rows: Tensor) -> None:
        """Go on with these rows."""
        self.whole.reorder(rows)
        if self.plan is not None:
            self.plan.reorder(rows)


def _plan(model: nn.Module, name: str, fixed: Mapping[str, Tensor]) -> Plan | None:
    if not isinstance(model, fx.GraphModule) or is_watched(model):
        return None
    try:
        return Plan(model, name, fixed)
    except NoCacheError:
        return None


def looks_ahead(reader: Reader, ids: Tensor) -> bool:
    """Whether a model's answer at the first position of (B, T) depends on what comes second."""
    first = ids[:, :1]
    others = torch.cat([first, 1 - first.clamp(max=1)], dim=1)  # another token, one that every vocabulary has
    return not torch.allclose(reader(others)[:, :1], reader(first), rtol=1e-3, atol=1e-4)


def is_watched(model: nn.Module) -> bool:
    """Whether somebody listens to calls inside the model."""
    return any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
