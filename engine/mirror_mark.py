"""How far a run is mirrored, noted in its folder: `mirror.json`.

Whoever is killed between two notes sends the same points again, which a tracker keeps once (see `engine.mirror`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from engine.jsonfiles import read_json, write_json
from engine.tracking import Metric

MARK_FILE = "mirror.json"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What `mirror.json` remembers.

    Args:
        store: Which tracker the rest is about.
        run_id: The run's id there.
        address: Where it is shown, seen from the tracker's page.
        base: Time that `elapsed` counts from, in milliseconds since 1970.
        offset: Bytes of `metrics.jsonl` that are written.
        elapsed: Seconds of training at the last line written.
        steps: Last step written, by curve.
        state: Last state written.
        model: Step of the model that is stored, -1 if none.
        refused: Why the tracker will take nothing more, if so.
    """

    store: str
    run_id: str
    base: int
    address: str = ""
    offset: int = 0
    elapsed: float = 0.0
    steps: Mapping[str, int] = field(default_factory=dict)
    state: str = ""
    model: int = -1
    refused: str = ""

    def after(self, lines: list[dict[str, Any]], offset: int) -> tuple[Mark, list[Metric]]:
        """The mark once some more lines of `metrics.jsonl` are written, and the numbers in them that are new.

        Args:
            lines: What follows the mark.
            offset: Where they end, in bytes.
        """
        points, steps, elapsed = [], dict(self.steps), self.elapsed
        for line in lines:
            step, elapsed = int(line.pop("step", 0)), float(line.pop("elapsed", elapsed))
            at = self.base + int(1000 * elapsed)
            for key, value in line.items():
                if step > steps.get(key, -1) and isinstance(value, int | float | None):
                    steps[key] = step
                    number = math.nan if value is None else value  # JSON has no NaN
                    points.append(Metric(key=key, value=float(number), step=step, time=at))
        return replace(self, offset=offset, steps=steps, elapsed=elapsed), points


def read_mark(folder: Path, store: str) -> Mark | None:
    """The mark of a run, if there is one that is about the tracker `store`."""
    noted = read_json(folder / MARK_FILE)
    fits = noted.get("store") == store and noted.keys() == {f.name for f in fields(Mark)}
    return Mark(**noted) if fits else None


def write_mark(folder: Path, mark: Mark) -> Mark:
    """Note how far the mirror has come with a run; gives the mark back."""
    write_json(folder / MARK_FILE, asdict(mark))
    return mark


def address_of(folder: Path) -> str:
    """Where a run is shown, to be put after the address of the tracker's page; empty if nowhere."""
    return str(read_json(folder / MARK_FILE).get("address", ""))
