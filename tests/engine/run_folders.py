"""Run folders made by hand, as a training process writes them."""

from __future__ import annotations

import json
from pathlib import Path

from engine.status import State, Status, change_status, write_status

CREATED = 1_700_000_000.0


def new_run(root: Path, name: str = "run", state: State = "running") -> Path:
    """A folder with a status and nothing else."""
    folder = root / name
    folder.mkdir(parents=True)
    write_status(folder, Status(id=name, name=name, task="sort", state=state, created=CREATED, started=CREATED))
    return folder


def end_run(folder: Path, state: State = "finished") -> None:
    """Say that the run has ended."""
    change_status(folder, state=state, ended=CREATED + 60)


def append(folder: Path, *rows: dict[str, object], cut: str = "") -> None:
    """Append lines of metrics, and a line that a crash has cut."""
    with (folder / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
        file.write(cut)


def loss(step: int, value: float | None = None) -> dict[str, object]:
    """A line of one training step."""
    return {"step": step, "loss": 1 / step if value is None else value, "elapsed": step / 10}
