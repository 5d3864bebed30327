"""Turn a word round: `abc` becomes `cba`. Attention learns one clear thing, to look into the mirror."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data.sequences import SequenceTask
from engine.data.task import register


@register
class Reverse(SequenceTask):
    """Letters in opposite order."""

    name = "reverse"
    title = "Reverse"
    about = "Write the letters in opposite order: abcd becomes dcba."
    metric = "exact_match"
    symbols = "abcdefghijklmnopqrstuvwxyz"

    def solve(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Letter j of an answer is letter n-1-j of the question, (B, L)."""
        mirror = lengths[:, None] - 1 - torch.arange(rows.shape[1])
        return rows.gather(1, mirror.clamp(min=0))  # (B, L)
