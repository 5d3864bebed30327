"""`runs` and `tasks`: what there is."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs, table
from engine.status import Status

_COLOURS = {"finished": "green", "running": "cyan", "paused": "yellow", "failed": "red"}
_SHOWN = ("loss", "val_loss", "val_accuracy", "exact_match")


def add_to(verbs: Verbs) -> None:
    """Declare the verbs."""
    verb = verbs.add_parser("runs", help="list the runs, the newest first")
    verb.add_argument("--json", action="store_true", help="print them as JSON")
    verb.set_defaults(do=list_runs)

    verb = verbs.add_parser("tasks", help="list what a model can be trained for")
    verb.set_defaults(do=list_tasks)


def list_runs(options: Namespace) -> int:
    """Print all runs."""
    from engine import jobs, locations
    from engine.curves import last_metrics

    found = [(folder, status, last_metrics(folder)) for folder, status in jobs.runs(locations.runs())]
    if options.json:
        print(json.dumps([{**asdict(status), "metrics": metrics} for _, status, metrics in found], indent=1))
        return 0
    rows = [_row(folder, status, metrics) for folder, status, metrics in found]
    OUT.print(table(("run", "name", "state", "step", *_SHOWN, "begun"), rows))
    for folder, status, _ in found:
        if status.reason:
            OUT.print(Text(f"{folder.name} failed: {status.reason}"), soft_wrap=True)
    return 0


def _row(folder: Path, status: Status, metrics: dict[str, float]) -> list[object]:
    step = max(status.step, int(metrics.get("step", 0)))
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.started)) if status.started else ""
    numbers = [f"{metrics[name]:.3f}" if name in metrics else "" for name in _SHOWN]
    state = Text(status.state, _COLOURS.get(status.state, ""))
    return [folder.name, status.name, state, f"{step}/{status.steps}", *numbers, begun]


def list_tasks(_: Namespace) -> int:
    """Print all tasks."""
    from engine.data import TASKS

    rows = [
        (task.name, task.about, ", ".join(task.templates), _example(task.examples(1)[0])) for task in TASKS.values()
    ]
    OUT.print(table(("task", "what is asked", "fits", "example"), rows))
    return 0


def _example(example: object) -> str:
    text, wanted = getattr(example, "text", ""), getattr(example, "wanted", "")
    return f"{text!r} → {wanted!r}" if wanted else f"{text!r} …"
