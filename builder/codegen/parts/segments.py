"""Which text a token belongs to."""

from __future__ import annotations

import torch
from torch import Tensor


def known_segments(segments: Tensor | None, x: Tensor) -> Tensor:
    """The segments (B, T) of the tokens x (B, T, D): all 0 if none are told."""
    if segments is None:
        return torch.zeros(x.shape[:2], dtype=torch.long, device=x.device)
    return segments
