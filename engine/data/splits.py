"""Keep training and validation apart where examples are drawn without end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engine.data.task import Split

FOLDS = 11  # one row in so many is for validation
_PRIME = 10_007


def is_held_out(rows: Tensor) -> Tensor:
    """Whether each row of ids (B, T) is for validation, (B,) bool.

    A checksum of every id and its place decides, so a row is always on the same side.
    """
    weights = torch.tensor([pow(31, i + 1, _PRIME) for i in range(rows.shape[1])])  # (T,)
    return ((rows + 1) * weights).sum(1) % _PRIME % FOLDS == 0


def drawn(split: Split, size: int, candidates: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Rows of one split, from as many candidates as that takes.

    Args:
        split: The side to take rows of; see `is_held_out`.
        size: How many, B.
        candidates: Draws rows of ids (N, T) of both sides, and what is known of each, (N,).

    Returns:
        Rows (B, T), and what is known of each, (B,).
    """
    found: list[tuple[Tensor, Tensor]] = []
    while sum(len(rows) for rows, _ in found) < size:
        rows, facts = candidates()
        wanted = is_held_out(rows) == (split == "val")
        found.append((rows[wanted], facts[wanted]))
    rows, facts = (torch.cat(parts)[:size] for parts in zip(*found, strict=True))
    return rows, facts
