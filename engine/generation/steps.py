"""One operation on the new positions of a text, and the trial whether it treats every position by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.blocks.memory import Memory, NoCacheError


@dataclass(frozen=True)
class Place:
    """Where a value is kept while the operations run.

    Args:
        index: Its number.
        grows: Whether it depends on the growing text.
    """

    index: int
    grows: bool


@dataclass(frozen=True, eq=False)
class Step:
    """One operation.

    Args:
        run: What is called.
        places: Where its arguments are.
        grows: Which of them grow with the text.
        into: Where its result goes.
        memory: What it remembers, if it does.
        unsure: Whether it must still be shown that it treats every position by itself.
    """

    run: Callable[..., Any]
    places: tuple[int, ...]
    grows: tuple[bool, ...]
    into: int
    memory: Memory | None
    unsure: bool

    def tried(self, args: Sequence[Any]) -> Any:
        """Run, and see that the last position's result is the same without the positions before it.

        Raises:
            NoCacheError: If it is not.
        """
        result = self.run(*args)
        if not self.unsure:
            return result
        more = [_longer(arg) if grows else arg for arg, grows in zip(args, self.grows, strict=True)]
        less = [last_rows(arg, 1) if grows else arg for arg, grows in zip(args, self.grows, strict=True)]
        if not self._same(more, less):
            raise NoCacheError(f"{self.run} reads several positions at once.")
        return result

    def _same(self, more: Sequence[Any], less: Sequence[Any]) -> bool:
        try:
            return _alike(last_rows(self.run(*more), 1), self.run(*less))
        except (RuntimeError, ValueError, IndexError):  # it cannot do with fewer positions
            return False


def _axis(x: Tensor) -> int:
    """Where the positions of ids (B, T), vectors (B, T, D), heads or scores (B, H, T, K) are."""
    return 1 if x.dim() == 2 else x.dim() - 2


def last_rows(x: Any, count: int) -> Any:
    """The last positions of a tensor or a tuple of them."""
    if isinstance(x, tuple):
        return tuple(last_rows(part, count) for part in x)
    have = x.shape[_axis(x)]
    return x.narrow(_axis(x), max(0, have - count), min(count, have))


def _longer(x: Any) -> Any:
    """The same with at least two positions; one more is made of what is there if need be."""
    if isinstance(x, tuple):
        return tuple(_longer(part) for part in x)
    if x.shape[_axis(x)] > 1:
        return x
    other = x.flip(-1) if x.is_floating_point() else torch.zeros_like(x)
    return torch.cat([other, x], dim=_axis(x))


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if a.shape != b.shape:
        return False
    return torch.equal(a, b) or (a.is_floating_point() and torch.allclose(a, b, rtol=1e-3, atol=1e-4))
