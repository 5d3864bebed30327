"""Rows of the benchmarks' table, and times that bear a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

TIMES = ("s", "ms")


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
        """Whether the goal is met, by the figure as it was measured."""
        return self.goal is None or self.value <= self.goal

    def calm(self, slower: float) -> Row:
        """What a time would be on a machine that is not `slower` times slower by other work; other figures stay."""
        return replace(self, value=self.value / slower) if self.unit in TIMES else self


def strain(bursts: int = 100, seconds: float = 0.004) -> float:
    """How much longer short bursts of computing take now than the processor spends on them, as a page's do."""
    passed = 0.0
    for _ in range(bursts):
        time.sleep(seconds)
        wall, own = time.perf_counter(), time.thread_time()
        while time.thread_time() - own < seconds:
            sum(range(500))
        passed += time.perf_counter() - wall
    return max(1.0, passed / (bursts * seconds))


def best(action: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of the fastest of several calls, the least disturbed one."""
    return min(_timed(action) for _ in range(repeats))


def least(action: Callable[[], object], repeats: int) -> float:
    """Seconds of processor time of the fastest of several calls."""
    return min(_spent(action) for _ in range(repeats))


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 25, *, wall: bool = False) -> float:
    """How much more processor time `ours` takes: the median over rounds in which both take turns.

    Other work on the machine disturbs the processor time of one thread least. Where other processes are what is
    asked about, `wall` compares the time that passes.
    """
    timed = _timed if wall else _spent
    for action in (ours, theirs):
        action()
    pairs: Sequence[tuple[float, float]] = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    return median(a / b for a, b in pairs)


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _spent(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start
