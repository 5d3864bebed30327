"""The run that the toolbar commands and the panes follow. The web process never trains; it reads a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import param
from loguru import logger

from builder.document import Document
from builder.run import create_run, fits
from engine import jobs, locations, runs
from engine.channel import Command, Pause, Resume, Step, Stop
from engine.config import RunConfig
from engine.curves import MetricsTail
from engine.errors import StepwiseError
from engine.runs import EventTail
from engine.status import Status

TONES = {"running": "ok", "paused": "warn", "failed": "err"}  # colours of states; the others are calm


class Runner(param.Parameterized):
    """State: the folder of the run that is followed, and all that was read of it so far."""

    folder = cast("Path | None", param.ClassSelector(class_=Path, allow_None=True, doc="The run that is followed."))
    status = cast("Status | None", param.ClassSelector(class_=Status, allow_None=True, doc="What it says of itself."))
    samples = param.List(default=[], doc="Its latest answers: input, answer, wanted.")
    checkpoints = param.List(default=[], doc="Steps of which there is a checkpoint.")
    revision = param.Integer(default=0, doc="Grows whenever something new was read.")

    def __init__(self) -> None:
        super().__init__()
        self.tail: MetricsTail | None = None
        self._events: EventTail | None = None

    @property
    def is_going(self) -> bool:
        """Whether the followed run has a process."""
        return self.status is not None and self.status.is_going

    @property
    def is_paused(self) -> bool:
        """Whether the followed run waits to be resumed."""
        return self.status is not None and self.status.state == "paused"

    @property
    def begins(self) -> bool:
        """Whether the followed run is at its first step."""
        return self.status is not None and self.status.state == "running" and self.step == 0

    @property
    def is_adopted(self) -> bool:
        """Whether what is followed is a model trained elsewhere, which has no steps of its own."""
        return self.status is not None and self.status.state == "finished" and self.status.steps == 0

    @property
    def step(self) -> int:
        """Steps that the followed run has done."""
        return self.tail.step if self.tail else 0

    def start(self, document: Document, config: RunConfig, *first: Command, weights: Path | None = None) -> Path:
        """Make a run of `document`, start it and follow it; it obeys `first` before its first step.

        Args:
            document: The model.
            config: How to train it.
            first: Commands.
            weights: A safetensors file to begin with; one of which nothing fits the model is left out.

        Raises:
            StepwiseError: If the document cannot be trained so.
        """
        if weights is not None and not fits(document, weights):
            weights = None
        folder = create_run(document, config, locations.runs(), weights=weights)
        jobs.start(folder, first=first)
        logger.bind(run=folder.name).info("Run started")
        self.follow(folder)
        return folder

    def one_step(self) -> None:
        """Let the followed run do one step and wait."""
        self.send(Step())

    def send(self, command: Command) -> None:
        """Tell the followed run something."""
        if self.folder is not None:
            jobs.send(self.folder, command)

    def toggle(self) -> None:
        """Pause the followed run, or let it go on."""
        self.send(Resume() if self.is_paused else Pause())

    def stop(self) -> None:
        """End the followed run after its present step."""
        if self.is_going:
            self.send(Stop())

    def go_on(self, folder: Path) -> None:
        """Start a run again that was stopped or has failed, from its last checkpoint.

        Raises:
            StepwiseError: If it cannot go on.
        """
        jobs.start(folder)
        self.follow(folder)

    def follow(self, folder: Path) -> None:
        """Show another run from now on."""
        self.tail, self._events = MetricsTail(folder), EventTail(folder)
        self.param.update(folder=folder, status=_status(folder), samples=[], checkpoints=[])
        self.poll()

    def follow_newest(self) -> None:
        """Show the newest run that is going on, else the newest one; does nothing if there is none."""
        found = runs.folders(locations.runs())
        going = [folder for folder in found if (status := _status(folder)) and status.is_going]
        if found:
            self.follow((going or found)[0])

    def poll(self) -> None:
        """Read what is new; call it a few times a second."""
        if self.folder is None or self.tail is None or self._events is None:
            return
        events, rows = self._events.read(), self.tail.read()
        status = _status(self.folder)
        if status and status.is_going and status.state != "queued":
            status = replace(status, step=self.tail.step)
        changes = self._of_events(events)
        if status != self.status:
            changes["status"] = status
        if rows or changes:
            self.param.update(**changes, revision=self.revision + 1)

    def _of_events(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        sampled = [event for event in events if event.get("type") == "sampled"]
        saved = [int(event["step"]) for event in events if event.get("type") == "checkpointed"]
        changes: dict[str, Any] = {"samples": sampled[-1]["samples"]} if sampled else {}
        if saved:
            changes["checkpoints"] = sorted({*self.checkpoints, *saved})
        return changes

    def seconds_left(self) -> float | None:
        """Until the run is done, at the speed it had so far; `None` before the first steps."""
        if not (self.status and self.tail and self.tail.step):
            return None
        elapsed = self.tail.last().get("elapsed")
        left = self.status.steps - self.tail.step
        return None if elapsed is None else elapsed / self.tail.step * left


def _status(folder: Path) -> Status | None:
    try:
        return jobs.reap(folder)
    except StepwiseError:
        return None
