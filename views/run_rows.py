"""Runs as plain data: the rows of their table, their names beside each other, and what differs between them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from builder import store
from builder.compare import differences, document_differences
from engine.curves import last_metrics
from engine.runs import GRAPH_FILE, read_config
from engine.status import Status
from views.numbers import grouped, significant
from views.runner import TONES

SCORES = {"exact_match": "exact match", "val_accuracy": "accuracy of validation"}  # the first that a run has
MOST_DIFFERENCES = 40
COLUMNS: list[dict[str, Any]] = [
    {"id": "name", "label": "Run"},
    {"id": "state", "label": "", "width": 26},
    {"id": "step", "label": "Step", "align": "right", "width": 48},
    {"id": "loss", "label": "Loss", "align": "right", "width": 48},
    {"id": "val_loss", "label": "Valid", "align": "right", "width": 48},
    {"id": "score", "label": "Score", "align": "right", "width": 48},
    {"id": "started", "label": "Started", "align": "right", "width": 52},
]
SIGNS = {"running": "▶", "paused": "❚❚", "queued": "…", "finished": "✓", "stopped": "■", "failed": "✕"}


def short(names: list[str]) -> list[str]:
    """Names without a model in front that is the same in all of them."""
    parts = [name.partition(" · ") for name in names]
    return [rest or model for model, _, rest in parts] if len({model for model, _, _ in parts}) == 1 else names


def columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns in which some run has something to say."""
    return [column for column in COLUMNS if any(row["cells"][column["id"]].get("text") for row in rows)]


def run_row(folder: Path, status: Status, today: date) -> dict[str, Any]:
    """One run as a row of the table."""
    last = last_metrics(folder)
    cells: dict[str, dict[str, Any]] = {
        "name": {"value": status.name, "text": status.name, "title": status.reason or folder.name},
        "state": {
            "value": status.state,
            "text": SIGNS[status.state],
            "tone": TONES.get(status.state, "muted"),
            "title": status.state,
        },
        "step": {"value": last.get("step", 0), "text": grouped(int(last.get("step", 0)))},
        "loss": _number(last.get("loss")),
        "val_loss": _number(last.get("val_loss")),
        "score": next((_number(last[name], about) for name, about in SCORES.items() if name in last), _number(None)),
        "started": _moment(datetime.fromtimestamp(status.created), today),
    }
    return {"id": folder.name, "cells": cells}


def _number(value: float | None, about: str = "") -> dict[str, Any]:
    text = "" if value is None else significant(value)
    return {"value": value, "text": text, "title": f"{about} {text}".strip()}


def _moment(time: datetime, today: date) -> dict[str, Any]:
    """The time of a run of today, the day of an older one."""
    return {
        "value": time.timestamp(),
        "text": f"{time:%H:%M}" if time.date() == today else f"{time:%d %b}",
        "title": f"{time:%d %b %Y %H:%M}",
    }


def difference_rows(folders: list[Path]) -> list[list[str]]:
    """What differs between runs, settings and graphs: a name, then the value in each run.

    Args:
        folders: Two or more runs; the others are compared with the first.
    """
    values: dict[str, list[str]] = {}
    first = folders[0]
    document, settings = store.load(first / GRAPH_FILE), read_config(first).to_dict()
    for index, folder in enumerate(folders[1:], start=1):
        found = differences(settings, read_config(folder).to_dict())
        found += document_differences(document, store.load(folder / GRAPH_FILE))
        for d in found:
            row = values.setdefault(d.path, [_text(d.left)] * len(folders))
            row[index] = _text(d.right)
    return [[path, *row] for path, row in list(values.items())[:MOST_DIFFERENCES]]


def _text(value: object) -> str:
    return "–" if value is None else str(value)
