"""The runs pane: a table of all runs, what differs between the chosen ones, and their curves over each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import panel as pn

from builder import store
from builder.compare import differences, document_differences
from engine import jobs, locations
from engine.channel import METRICS_FILE
from engine.curves import MetricsTail, last_metrics
from engine.errors import StepwiseError
from engine.runs import GRAPH_FILE, read_config
from engine.status import Status, read_status, rename
from views.curves import CurvePlot, Shown
from views.drawing import Drawing
from views.groups import LOSS, Group, groups
from views.numbers import grouped
from views.parts import Bar, Message, Sheet
from views.runner import TONES, Runner
from views.selection import Selection
from views.session import Session

NAME = "runs"  # of this pane, towards the selection
NONE = "No run yet. Every run you train is listed here, to compare with others and to take away."
SCORES = {"exact_match": "exact match", "val_accuracy": "accuracy of validation"}  # the first that a run has
MOST_DIFFERENCES = 40
COLUMNS: list[dict[str, Any]] = [
    {"id": "name", "label": "Run"},
    {"id": "state", "label": "", "width": 34},
    {"id": "step", "label": "Step", "align": "right", "width": 52},
    {"id": "loss", "label": "Loss", "align": "right", "width": 52},
    {"id": "val_loss", "label": "Valid", "align": "right", "width": 52},
    {"id": "score", "label": "Score", "align": "right", "width": 52},
    {"id": "started", "label": "Started", "align": "right", "width": 60},
]
SIGNS = {"running": "▶", "paused": "❚❚", "queued": "…", "finished": "✓", "stopped": "■", "failed": "✕"}


class RunsPane:
    """Reads run folders; holds which are chosen.

    Args:
        session: Where a run's graph is opened.
        runner: Follows a run that is opened.
        selection: Told which run is looked at.
        command: Called with the name of a command.
        is_shown: Whether the pane is in sight; out of sight it reads nothing.
    """

    def __init__(
        self,
        session: Session,
        runner: Runner,
        selection: Selection,
        command: Callable[[str], None],
        is_shown: Callable[[], bool] = lambda: True,
    ) -> None:
        self._session, self._runner, self._selection, self._command = session, runner, selection, command
        self._is_shown = is_shown
        self._chosen: list[str] = []
        self._tails: dict[str, MetricsTail] = {}
        self._rows: dict[str, tuple[object, dict[str, Any]]] = {}  # by run: what the row was made of, and the row
        self._detailed: object = None  # what the details were made of
        self._plot = CurvePlot(LOSS, log=True)
        self._metric = "Loss"
        self._table = Sheet(sections=[], look="strip", sizing_mode="stretch_both", margin=0, styles={"flex": "2 1 0"})
        self._detail = Sheet(sections=[], look="strip", width=260, sizing_mode="stretch_height", margin=0)
        self._bar = Bar(items=self._items(), sizing_mode="stretch_width", height=28, margin=0)
        for part in (self._table, self._detail, self._bar):
            part.on(self._receive)
        self._drawing = Drawing(self._paint)
        self._bar.greeted(self._drawing.begin)
        figure = pn.pane.Bokeh(self._plot.figure, sizing_mode="stretch_both", margin=0)
        side = pn.Column(self._bar, figure, sizing_mode="stretch_both", margin=0)
        self.view = pn.Row(self._table, self._detail, side, sizing_mode="stretch_both", margin=0)
        runner.param.watch(lambda *_: self.refresh(), ["status", "folder", "revision"])
        self.refresh()

    def refresh(self) -> None:
        """Read what is new in the folders, if it is in sight; called several times a second while a run goes on."""
        if not self._is_shown():
            return
        found, today = jobs.runs(locations.runs()), date.today()
        self._rows = {folder.name: self._row(folder, status, today) for folder, status in found}
        known = [folder.name for folder, _ in found]
        self._chosen = [name for name in self._chosen if name in known]
        if not found:
            self._table.show([{"kind": "empty", "id": "train", "text": NONE, "action": "Train"}])
        else:
            rows = [row for _, row in self._rows.values()]
            table = {"kind": "rows", "id": "runs", "columns": columns(rows), "rows": rows, "select": "many"}
            self._table.show([{**table, "chosen": self._chosen, "search": True}])
        chosen = [(folder.name, s.name, s.state) for folder, s in found if folder.name in self._chosen]
        if chosen != self._detailed:
            self._detailed = chosen
            self._detail.show(self._details())
        self._drawing.ask()

    def _row(self, folder: Path, status: Status, today: date) -> tuple[object, dict[str, Any]]:
        """What a run's row is made of, and the row, made anew only where the run has written, or the day is another."""
        metrics = folder / METRICS_FILE
        stamp = status, metrics.stat().st_size if metrics.exists() else 0, today
        known = self._rows.get(folder.name)
        return known if known and known[0] == stamp else (stamp, _row(folder, status, today))

    def _folders(self) -> list[Path]:
        return [locations.runs() / name for name in self._chosen]

    def _details(self) -> list[dict[str, Any]]:
        folders = self._folders()
        if not folders:
            return [{"kind": "text", "text": "Choose a run to open its graph, two or more to compare them."}]
        actions = [
            {"id": "follow", "text": "Show in panes"},
            {"id": "graph", "text": "Open graph"},
            {"id": "go-on", "text": "Continue", "disabled": not _can_go_on(folders[0])},
            {"id": "export", "text": "Export…"},
        ]
        if len(folders) == 1:
            rows = [[name, str(value)] for name, value in read_config(folders[0]).to_dict().items()]
            name = {"field": "name", "label": "name", "value": read_status(folders[0]).name, "words": True}
            named = {"kind": "form", "id": "run", "rows": [name]}
            return [named, {"kind": "actions", "items": actions}, {"kind": "table", "rows": rows}]
        rows = difference_rows(folders)
        heading = {"kind": "heading", "text": "What differs", "note": f"{len(folders)} runs"}
        if not rows:
            return [heading, {"kind": "text", "text": "Nothing: same graph, same settings."}]
        head = ["", *(str(i + 1) for i in range(len(folders)))]
        return [heading, {"kind": "table", "mono": True, "head": head, "rows": rows}]

    def _metrics(self) -> dict[str, Group]:
        """What can be drawn of the chosen runs."""
        names = {name for tail in self._tails.values() for name in tail.curves}
        return {"Loss": LOSS, **groups(names)}

    def _items(self) -> list[dict[str, Any]]:
        known = list(self._metrics())
        value = self._metric if self._metric in known else "Loss"
        return [
            {"kind": "select", "id": "metric", "title": "Curves", "options": known, "value": value},
            {"kind": "gap"},
            {"kind": "link", "text": "MLflow", "title": "Open MLflow's own page", "command": "mlflow"},
        ]

    def _paint(self) -> None:
        """Bring the figure to what is chosen and known; only here are Bokeh's models touched."""
        shown: list[Shown] = []
        self._tails = {folder.name: self._tails.get(folder.name) or MetricsTail(folder) for folder in self._folders()}
        for folder, label in zip(self._folders(), short([read_status(f).name for f in self._folders()]), strict=True):
            tail = self._tails[folder.name]
            tail.read()
            shown.append(Shown(folder.name, label, tail))
        self._plot.set_group(self._metrics().get(self._metric, LOSS))
        self._bar.show(self._items())
        self._plot.show(shown, max((run.tail.step for run in shown), default=1))

    def _receive(self, message: Message) -> None:
        name = str(message.get("name", message.get("id", "")))
        try:
            self._act(name, message)
        except StepwiseError as error:
            self._session.tell(str(error))

    def _act(self, name: str, message: Message) -> None:
        match name:
            case "runs" if "open" in message:
                self._chosen = [str(message["open"])]
                self._look()
                self._runner.follow(locations.runs() / str(message["open"]))
            case "runs":
                self._chosen = [str(id_) for id_ in message["value"]]
                self._look()
            case "name":
                rename(self._folders()[0], str(message["value"]))
                self.refresh()
            case "metric":
                self._metric = str(message["value"])
                self._bar.show(self._items())
                self._drawing.ask()
            case "follow":
                self._runner.follow(self._folders()[0])
            case "graph":
                self._session.open_document(store.load(self._folders()[0] / GRAPH_FILE))
            case "go-on":
                self._runner.go_on(self._folders()[0])
            case "export":
                self._runner.follow(self._folders()[0])
                self._command(name)
            case "train":
                self._command(name)

    def _look(self) -> None:
        """The first of the chosen runs is what the other panes look at."""
        if self._chosen:
            self._selection.set(NAME, run=self._chosen[0], step=None)
        self._detail.show(self._details())
        self._drawing.ask()


def short(names: list[str]) -> list[str]:
    """Names without a model in front that is the same in all of them."""
    parts = [name.partition(" · ") for name in names]
    return [rest or model for model, _, rest in parts] if len({model for model, _, _ in parts}) == 1 else names


def columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns in which some run has something to say."""
    return [column for column in COLUMNS if any(row["cells"][column["id"]].get("text") for row in rows)]


def _row(folder: Path, status: Status, today: date) -> dict[str, Any]:
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
    text = "" if value is None else f"{value:.3g}" if 0 < abs(value) < 0.1 else f"{value:.3f}"
    return {"value": value, "text": text, "title": f"{about} {text}".strip()}


def _moment(time: datetime, today: date) -> dict[str, Any]:
    """The time of a run of today, the day of an older one."""
    return {
        "value": time.timestamp(),
        "text": f"{time:%H:%M}" if time.date() == today else f"{time:%d %b}",
        "title": f"{time:%d %b %Y %H:%M}",
    }


def _can_go_on(folder: Path) -> bool:
    return read_status(folder).state in ("stopped", "failed")


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
