"""The runs pane: a table of all runs, what differs between the chosen ones, and their curves over each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import panel as pn

from builder import store
from engine import jobs, locations
from engine.channel import METRICS_FILE
from engine.curves import MetricsTail
from engine.errors import StepwiseError
from engine.runs import GRAPH_FILE, read_config
from engine.status import Status, read_status, rename
from views.curves import CurvePlot, Shown
from views.drawing import Drawing
from views.groups import COLOURS, LOSS, Group, groups
from views.parts import Bar, Message, Sheet
from views.run_rows import columns, difference_rows, run_row, short
from views.runner import Runner
from views.selection import Selection
from views.session import Session

NAME = "runs"  # of this pane, towards the selection
NONE = "No run yet. Every run you train is listed here, to compare with others and to take away."
CHOOSE = "Choose a run to see its curves and settings and to open its graph, two or more to compare them."
CURVELESS = "There are no curves of it yet: they appear here with its first steps."
# Details stand under the table, as high as they are; the curves have the other half. Without curves a sentence lies
# over the figure, which stays in its place: one that is taken out and put back fails in its layout.
LEFT = """:host { min-width: 0; flex: 1 1 0 !important; border-right: 1px solid var(--line); }
.details { flex: 0 1 auto !important; height: auto !important; max-height: 56%; border-top: 1px solid var(--line); }
.details.none { display: none !important; }"""
RIGHT = """:host { min-width: 0; flex: 1.05 1 0 !important; position: relative; }
.lesson { position: absolute !important; inset: 0; }
:host(.bare) > :not(.lesson) { visibility: hidden; } :host(:not(.bare)) > .lesson { display: none !important; }"""

NO_DETAILS, BARE = ["details", "none"], ["bare"]


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
        self._table = Sheet(sections=[], look="strip", sizing_mode="stretch_both", margin=0)
        self._detail = Sheet(sections=[], look="strip", sizing_mode="stretch_width", margin=0, css_classes=NO_DETAILS)
        self._lesson = Sheet(sections=[], sizing_mode="stretch_both", margin=0, css_classes=["lesson"])
        self._bar = Bar(items=self._items(), sizing_mode="stretch_width", height=28, margin=0)
        for part in (self._table, self._detail, self._bar):
            part.on(self._receive)
        self._drawing = Drawing(self._paint)
        self._bar.greeted(self._drawing.begin)
        figure = pn.pane.Bokeh(self._plot.figure, sizing_mode="stretch_both", margin=0)
        size: dict[str, Any] = {"sizing_mode": "stretch_both", "margin": 0}
        self._left = pn.Column(self._table, self._detail, stylesheets=[LEFT], **size)
        self._right = pn.Column(self._bar, figure, self._lesson, stylesheets=[RIGHT], **size)
        self.view = pn.Row(self._left, self._right, **size)
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
            rows = [self._coloured(row) for _, row in self._rows.values()]
            table = {"kind": "rows", "id": "runs", "columns": columns(rows), "rows": rows, "select": "many"}
            self._table.show([{**table, "chosen": self._chosen, "search": True}])
        chosen = [(folder.name, s.name, s.state) for folder, s in found if folder.name in self._chosen]
        if chosen != self._detailed:
            self._detailed = chosen
            self._detail.show(self._details())
            self._detail.css_classes = ["details"] if chosen else NO_DETAILS
        self._drawing.ask()

    def _row(self, folder: Path, status: Status, today: date) -> tuple[object, dict[str, Any]]:
        """What a run's row is made of, and the row, made anew only where the run has written, or the day is another."""
        metrics = folder / METRICS_FILE
        stamp = status, metrics.stat().st_size if metrics.exists() else 0, today
        known = self._rows.get(folder.name)
        return known if known and known[0] == stamp else (stamp, run_row(folder, status, today))

    def _coloured(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with the colour of its curves, where several runs are compared."""
        if row["id"] not in self._chosen or len(self._chosen) < 2:
            return row
        name = {**row["cells"]["name"], "dot": "run", "colour": _colour(self._chosen.index(row["id"]))}
        return {**row, "cells": {**row["cells"], "name": name}}

    def _folders(self) -> list[Path]:
        return [locations.runs() / name for name in self._chosen]

    def _details(self) -> list[dict[str, Any]]:
        folders = self._folders()
        if not folders:
            return []
        actions = [
            {"id": "follow", "text": "Show in panes"},
            {"id": "graph", "text": "Open graph"},
            {"id": "go-on", "text": "Continue", "disabled": not _can_go_on(folders[0])},
            {"id": "export-run", "text": "Export…"},
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
        names = [read_status(folder).name for folder in folders]
        labels = enumerate(zip(short(names), names, strict=True))
        head = [{"text": text, "title": name, "colour": _colour(i)} for i, (text, name) in labels]
        return [heading, {"kind": "table", "mono": True, "head": [{"text": ""}, *head], "rows": rows}]

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
        has_curves = any(run.tail.curves for run in shown)
        self._lesson.show([{"kind": "empty", "text": CURVELESS if shown else CHOOSE}])
        classes = [] if has_curves else BARE
        if self._right.css_classes != classes:
            self._right.css_classes = classes

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
            case "export-run":  # the window's own `export` would take the run that is followed
                self._runner.follow(self._folders()[0])
                self._command("export")
            case "train":
                self._command(name)

    def _look(self) -> None:
        """The first of the chosen runs is what the other panes look at."""
        if self._chosen:
            self._selection.set(NAME, run=self._chosen[0], step=None)
        self.refresh()


def _colour(index: int) -> str:
    """The colour of a run's curves beside those of others, by its place among the chosen."""
    return COLOURS[index % len(COLOURS)]


def _can_go_on(folder: Path) -> bool:
    return read_status(folder).state in ("stopped", "failed")
