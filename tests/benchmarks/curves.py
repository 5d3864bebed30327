"""What live plots cost the server as a run grows: each look draws what is new, four times a second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.channel import METRICS_FILE
from engine.curves import MetricsTail
from tests.benchmarks.table import Row, least
from views.curves import CurvePlot, Shown
from views.groups import LOSS

SHORT, LONG, NEW, LOOKS = 1_000, 100_000, 20, 15


def rows() -> Iterator[Row]:
    """Milliseconds of a look at a short and at a long run, and the points that go to the browser."""
    (short, _), (long, points) = _look(SHORT), _look(LONG)
    yield Row(what="look at a run of 1 000 steps", value=1000 * short, unit="ms")
    yield Row(what="look at a run of 100 000 steps", value=1000 * long, unit="ms", goal=50)
    yield Row(what="points of a curve of 100 000 steps that the browser gets", value=points, unit="points", goal=5_000)


def _look(steps: int) -> tuple[float, float]:
    """Seconds to read and draw some new steps after `steps` others; points of the drawn curve."""
    with TemporaryDirectory() as home:
        file, at = Path(home) / METRICS_FILE, steps
        _write(file, 1, steps)
        tail, plot = MetricsTail(Path(home)), CurvePlot(LOSS, log=True)

        def look() -> None:
            nonlocal at
            _write(file, at + 1, NEW)
            at += NEW
            tail.read()
            plot.show([Shown("run", "run", tail)], 2 * LONG)

        look()
        seconds = least(look, LOOKS)
        drawn = [len(line.data_source.data["x"]) for line in plot.figure.renderers if hasattr(line, "data_source")]
    return seconds, float(max(drawn))


def _write(file: Path, first: int, count: int) -> None:
    with file.open("a") as out:
        for step in range(first, first + count):
            out.write(json.dumps({"step": step, "loss": 3 / step**0.5, "lr": 1e-3, "elapsed": step / 50}) + "\n")
