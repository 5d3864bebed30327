"""The train pane: live curves of the followed run, its progress, and what the model answers now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import panel as pn

from engine.data import TASKS
from views.curves import CurvePlot, Shown
from views.drawing import Drawing
from views.groups import GROUPS, LOSS, Group, groups
from views.likeness import Likeness, likeness_items
from views.numbers import clock, grouped
from views.parts import Bar, Sheet
from views.runner import TONES, Runner
from views.setup import Setup

COMING = "The loss and the accuracy of a run are drawn here as it trains, above its answers to unseen examples."
SMOOTH = {"raw": 0.0, "smooth 0.6": 0.6, "smooth 0.9": 0.9, "smooth 0.98": 0.98}
PLOTS = """:host { min-width: 0; } .bk-Figure { min-width: 0; }"""
# Before the first run one calm sheet lies over all else, which stands below in its place: nothing jumps or is built
# when the run begins.
LAYOUT = """:host { position: relative; } .coming { position: absolute !important; inset: 0; }
:host(.waits) > :not(.coming) { visibility: hidden; } :host(:not(.waits)) > .coming { display: none !important; }"""
WAITS = ["waits"]
SHOWN_SAMPLES = 3


class TrainingPane:
    """Draws the run that the runner follows; runs are laid over each other in the Runs pane.

    Args:
        runner: The run that is followed.
        setup: What the first run will be.
        likeness: Whether the run is of the model on the canvas.
    """

    def __init__(self, runner: Runner, setup: Setup, likeness: Likeness) -> None:
        self._runner, self._setup, self._likeness = runner, setup, likeness
        self._loss, self._other = CurvePlot(LOSS, log=True), CurvePlot(GROUPS["Accuracy"])
        self._metric, self._smooth, self._scale = "Accuracy", "raw", "log"
        self._head = Bar(items=self._head_items(), sizing_mode="stretch_width", height=28, margin=0)
        self._tools = Bar(items=self._tool_items(), sizing_mode="stretch_width", height=28, margin=0)
        self._samples = Sheet(sections=self._sample_sections(), sizing_mode="stretch_width", height=92, margin=0)
        self._drawing = Drawing(self._paint)
        self._tools.on(self._receive)
        self._tools.greeted(self._drawing.begin)
        plots = pn.Row(
            *(pn.pane.Bokeh(plot.figure, sizing_mode="stretch_both", margin=0) for plot in (self._loss, self._other)),
            sizing_mode="stretch_both",
            margin=0,
            stylesheets=[PLOTS],
        )
        self._coming = Sheet(
            sections=self._coming_sections(), css_classes=["coming"], sizing_mode="stretch_both", margin=0
        )
        parts = (self._head, self._tools, plots, self._samples, self._coming)
        self.view = pn.Column(
            *parts, css_classes=self._classes(), sizing_mode="stretch_both", margin=0, stylesheets=[LAYOUT]
        )
        runner.param.watch(lambda *_: self.refresh(), ["revision", "folder"])
        likeness.param.watch(lambda _: self._head.show(self._head_items()), ["revision"])
        setup.param.watch(lambda *_: self._show_coming(), ["config", "undecided", "obstacle"])
        self.refresh()

    def _paint(self) -> None:
        """Bring both figures to what is chosen and known; only here are Bokeh's models touched."""
        if self.view.css_classes != self._classes():
            self.view.css_classes = self._classes()
        shown, steps = self._shown()
        self._loss.set_log(self._scale == "log")
        known = self._groups()
        self._other.set_group(known[self._shown_metric(known)])
        self._loss.smoothing = self._other.smoothing = SMOOTH[self._smooth]
        self._loss.show(shown, steps)
        self._other.show(shown, steps)

    def refresh(self) -> None:
        """Show what is new."""
        self._drawing.ask()
        self._head.show(self._head_items())
        self._tools.show(self._tool_items())
        self._samples.show(self._sample_sections())

    def _classes(self) -> list[str]:
        return WAITS if self._runner.folder is None else []

    def _show_coming(self) -> None:
        if self._runner.folder is None:
            self._coming.show(self._coming_sections())

    def _coming_sections(self) -> list[dict[str, Any]]:
        """What is said before the first run: what will be seen here, what will be done, and the button for it."""
        config, obstacle = self._setup.config, self._setup.obstacle
        task, work = TASKS[config.task], f"{grouped(config.steps)} steps of {grouped(config.batch_size)} examples"
        plan = f"Next: {task.title}, {work}. {task.about}"
        train = {"id": "train", "text": "Train", "icon": "play", "disabled": bool(obstacle)}
        return [
            {"kind": "title", "text": "No run yet", "colour": "muted"},
            {"kind": "text", "text": COMING},
            {"kind": "text", "text": obstacle, "tone": "warn"} if obstacle else {"kind": "text", "text": plan},
            {"kind": "actions", "items": [train]},
        ]

    def _shown(self) -> tuple[list[Shown], float]:
        runner, shown, steps = self._runner, [], 1.0
        if runner.folder is not None and runner.tail is not None and runner.status is not None:
            shown.append(Shown(str(runner.folder), runner.status.name, runner.tail))
            steps = max(runner.status.steps, runner.step)
        return shown, steps

    def _head_items(self) -> list[dict[str, Any]]:
        runner, status = self._runner, self._runner.status
        if status is None or runner.tail is None:
            return []
        other = likeness_items(self._likeness.of(runner.folder))
        if runner.is_adopted:
            return [
                {"kind": "text", "text": status.name, "tone": "strong"},
                *other,
                {"kind": "text", "text": "trained elsewhere"},
            ]
        last = runner.tail.last()
        done = 100 * runner.step / max(1, status.steps)
        failed = status.state == "failed"
        dot = TONES.get(status.state, "")
        items: list[dict[str, Any]] = [
            {"kind": "text", "text": status.name, "tone": "strong", "dot": dot},
            *other,
            {"kind": "text", "text": f"{grouped(runner.step)} / {grouped(status.steps)}", "title": "steps"},
            {"kind": "meter", "value": round(done, 1), "title": "progress"},
        ]
        if failed:
            return [*items[:-1], {"kind": "text", "text": status.reason, "title": status.reason, "tone": "err"}]
        times = clock(last.get("elapsed"))
        if status.is_going:
            times += f" · ETA {clock(runner.seconds_left())}"
        return [
            *items,
            {"kind": "text", "text": times if status.is_going else f"{times} · {status.state}"},
        ]

    def _groups(self) -> dict[str, Group]:
        """What the second plot can show of this run."""
        return groups(self._runner.tail.curves if self._runner.tail else ())

    def _shown_metric(self, known: Collection[str]) -> str:
        """What was chosen, where this run has it."""
        return self._metric if self._metric in known else "Accuracy"

    def _tool_items(self) -> list[dict[str, Any]]:
        known = list(self._groups())
        second = {"options": known, "value": self._shown_metric(known)}
        return [
            {"kind": "text", "text": "Loss", "tone": "strong"},
            {
                "kind": "segments",
                "id": "scale",
                "title": "Axis of the loss",
                "options": ["log", "linear"],
                "value": self._scale,
            },
            {"kind": "select", "id": "smooth", "title": "Smoothing", "options": list(SMOOTH), "value": self._smooth},
            {"kind": "gap"},
            {"kind": "text", "id": "speed", "text": self._speed(), "title": "tokens per second"},
            {"kind": "select", "id": "metric", "title": "Second plot", **second},
        ]

    def _speed(self) -> str:
        speed = self._runner.tail.last().get("tokens_per_s") if self._runner.tail else None
        return f"{grouped(int(speed))} tok/s" if speed else ""

    def _sample_sections(self) -> list[dict[str, Any]]:
        if self._runner.is_adopted:
            return [{"kind": "text", "text": "It was trained elsewhere, so there are no curves of it here."}]
        if not self._runner.samples:
            return [{"kind": "text", "text": "Answers of the model appear here after its first steps."}]
        return [{"kind": "samples", "rows": self._runner.samples[:SHOWN_SAMPLES]}]

    def _receive(self, message: dict[str, Any]) -> None:
        match message["id"]:
            case "scale":
                self._scale = message["value"]
            case "smooth":
                self._smooth = message["value"]
            case "metric":
                self._metric = message["value"]
        self._tools.show(self._tool_items())
        self._drawing.ask()
