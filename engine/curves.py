"""The numbers of a run as growing columns, read piece by piece from its metrics file."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np

from engine.channel import METRICS_FILE
from engine.jsonfiles import read_lines

Columns = tuple["np.ndarray[Any, np.dtype[np.float64]]", "np.ndarray[Any, np.dtype[np.float64]]"]


class Curve:
    """One metric by step, ascending. Holds its columns; a step that comes again replaces the old value."""

    def __init__(self) -> None:
        self._steps, self._values = array("d"), array("d")
        self._newest = (0, math.nan)

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, value: float) -> None:
        """Take in one point."""
        self._newest = (step, value)
        if not self._steps or step > self._steps[-1]:
            self._steps.append(step)
            self._values.append(value)
            return
        place = bisect_left(self._steps, step)
        if self._steps[place] == step:
            self._values[place] = value
        else:
            self._steps.insert(place, step)
            self._values.insert(place, value)

    @property
    def columns(self) -> Columns:
        """Steps and values, (N,) each; copies, since the curve grows."""
        return np.array(self._steps), np.array(self._values)

    @property
    def last(self) -> tuple[int, float]:
        """The point that came last; a resumed run goes back in steps."""
        return self._newest


class MetricsTail:
    """Follows the metrics of a run. Holds how far it has read and all curves.

    After a resume the steps since the checkpoint come again: of each step the last value counts.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._read = folder / METRICS_FILE, 0
        self.curves: dict[str, Curve] = {}
        self.step = 0

    def read(self) -> int:
        """Take in what is new.

        Returns:
            How many lines were new.
        """
        count = 0
        while True:
            rows, self._read = read_lines(self._path, self._read)
            if not rows:
                return count
            count += len(rows)
            for row in rows:
                self._take(row)

    def _take(self, row: dict[str, Any]) -> None:
        step = int(row.pop("step", 0))
        self.step = step  # a resumed run goes back
        for name, value in row.items():
            if isinstance(value, int | float):
                self.curves.setdefault(name, Curve()).add(step, value)

    def columns(self, name: str) -> Columns:
        """Steps and values of one metric, (N,) each; empty if the run has none."""
        return self.curves.get(name, Curve()).columns

    def last(self) -> dict[str, float]:
        """The newest value of each metric."""
        return {name: curve.last[1] for name, curve in self.curves.items()}


def last_metrics(folder: Path) -> dict[str, float]:
    """The newest value of each metric, from the end of the file only: cheap for a table of many runs."""
    path, found = folder / METRICS_FILE, {}
    if path.exists():
        start = max(0, path.stat().st_size - (1 << 17))
        rows, _ = read_lines(path, start)
        for row in rows:
            found.update({name: value for name, value in row.items() if isinstance(value, int | float)})
    return found
