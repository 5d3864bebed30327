"""Put digits in order: `3141` becomes `1134`. Attention has to learn to count, not to look at a place."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data.sequences import SequenceTask
from engine.data.task import register


@register
class Sort(SequenceTask):
    """Digits in ascending order."""

    name = "sort"
    title = "Sort"
    about = "Write the digits in ascending order: 3141 becomes 1134."
    metric = "exact_match"
    order_matters = False
    symbols = "0123456789"

    def solve(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Sorted rows, with the filling moved to the end, (B, L)."""
        outside = torch.arange(rows.shape[1]) >= lengths[:, None]
        filler = self.tokenizer.vocab_size
        return rows.masked_fill(outside, filler).sort(1).values.masked_fill(outside, 0)  # (B, L)
