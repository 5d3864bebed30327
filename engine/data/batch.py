"""What a model is given and what it should answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

IGNORE = -100  # a target with this value does not count


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Inputs by the model's port names, and the answers.

    Args:
        inputs: `tokens` (B, T), or `source` (B, S) and `target` (B, T), int64; masks like them, bool.
        targets: Right answers, (B, T) or (B,) int64; `IGNORE` where nothing is asked.
        tokens: How many real tokens the model reads, for its speed.
    """

    inputs: dict[str, Tensor]
    targets: Tensor
    tokens: int

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`."""
        if device.type == "cpu":
            return self
        moved = {name: tensor.to(device) for name, tensor in self.inputs.items()}
        return Batch(inputs=moved, targets=self.targets.to(device), tokens=self.tokens)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text to give to the model, and the answer that would be right; empty where there is none."""

    text: str
    wanted: str
