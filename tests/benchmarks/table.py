"""Rows of the benchmarks' table, and times that bear a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Args:
        what: What was measured.
        value: The figure.
        unit: Such as `×`, `ms`, `kB`.
        goal: The largest value wished for; `None` if there is none.
    """

    what: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the goal is met."""
        return self.goal is None or self.value <= self.goal


def best(action: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of the fastest of several calls, the least disturbed one."""
    return min(_timed(action) for _ in range(repeats))


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 25) -> float:
    """How much longer `ours` takes: the median over rounds in which both take turns."""
    for action in (ours, theirs):
        action()
    pairs: Sequence[tuple[float, float]] = [(_timed(ours), _timed(theirs)) for _ in range(rounds)]
    return median(a / b for a, b in pairs)


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
