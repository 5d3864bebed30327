"""The setup pane: what the model is trained for, how, and what its data looks like."""

from __future__ import annotations

from typing import Any, cast

import param

from builder.document import Document
from builder.edits import Batch, SetSymbol, SetTask
from builder.fit import fits_by_sizes, misfit, suitable_task, task_by_sizes, wanted_sizes, why_none
from engine.config import RunConfig
from engine.data import TASKS, Task
from engine.errors import StepwiseError
from engine.settings import Value
from views.forms import choice, read, rows_of
from views.parts import Sheet
from views.session import Session

EXAMPLES = 3
UNDECIDED = "no task fits"
CURING = "Choose this task, and change the sizes that do not fit its data; Ctrl+Z takes it back"
BEGINNING = (
    "Training begins with the weights that the model was opened with, as far as they fit. Run → Begin with fresh "
    "weights leaves them out."
)


class Setup(param.Parameterized):
    """State: how the next run is trained."""

    config = cast(RunConfig, param.ClassSelector(class_=RunConfig, doc="Settings of the next run."))
    undecided = param.Boolean(default=False, doc="Whether the model names no task and fits none.")
    obstacle = param.String(default="", doc="Why the model cannot be trained so; empty if it can, or has problems.")
    cure = param.String(default="", doc="The task to choose instead, where there is an obstacle and one helps.")

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config=config)

    def train_for(self, task: str) -> None:
        """Take what another task recommends; what the user has chosen stays.

        Raises:
            UnknownNameError: If there is no such task.
        """
        if task != self.config.task:
            self.config = RunConfig.suited(task, **changes(self.config))


class SetupPane:
    """A form of the run's settings beside examples of the task.

    Args:
        session: The window's state.
        setup: Where the settings are kept.
    """

    def __init__(self, session: Session, setup: Setup) -> None:
        self._session, self._setup = session, setup
        self.part = Sheet(sections=self._sections())
        self.part.on(self._receive)
        setup.param.watch(lambda *_: self._show(), ["config", "undecided", "obstacle", "cure"])
        session.param.watch(lambda _: self._show(), ["weights"])

    def _show(self) -> None:
        self.part.show(self._sections())

    def _sections(self) -> list[dict[str, Any]]:
        config = self._setup.config
        task = TASKS[config.task]
        values = config.to_dict()
        given = changes(config)
        fields = [(field, values[field.name]) for field in config.fields() if field.name != "task"]
        return [
            *self._about(task),
            *([{"kind": "text", "text": BEGINNING}] if self._session.weights else []),
            *([] if self._setup.undecided else [{"kind": "samples", "rows": example_rows(task)}]),
            {
                "kind": "form",
                "id": "run",
                "columns": 3,
                "rows": [
                    {**choice("task", chosen_task(self._setup)), "options": task_options(self._setup)},
                    *rows_of(fields, {}, prefix="config", given=given),
                ],
            },
        ]

    def _about(self, task: Task) -> list[dict[str, Any]]:
        """What the task is, and what keeps the model from being trained for it."""
        obstacle = self._setup.obstacle
        said: list[dict[str, Any]] = [{"kind": "text", "text": obstacle, "tone": "warn"}] if obstacle else []
        if self._setup.cure:
            cure = {"id": "cure", "text": cure_label(self._session, self._setup), "title": CURING}
            said.append({"kind": "actions", "items": [cure]})
        if self._setup.undecided:
            return [{"kind": "title", "text": UNDECIDED.capitalize(), "colour": "muted"}, *said]
        return [
            {"kind": "title", "text": task.title, "colour": "accent"},
            {"kind": "text", "text": task.about},
            *said,
        ]

    def _receive(self, message: dict[str, Any]) -> None:
        name, value = str(message["name"]), message.get("value")
        if name == "cure":
            choose_task(self._session, self._setup, self._setup.cure)
            return
        if name == "task":
            choose_task(self._session, self._setup, str(value))
            return
        name = name.removeprefix("config:")
        field = next(field for field in self._setup.config.fields() if field.name == name)
        try:
            changed = {**self._setup.config.to_dict(), name: read(field, value)}
            self._setup.config = RunConfig.from_dict(changed)
        except StepwiseError as error:
            self._session.tell(str(error))
            self._show()


def choose_task(session: Session, setup: Setup, name: str) -> None:
    """Train for another task, as it recommends; the model's sizes follow its data, as one undo step."""
    if not name:  # what stands in place of a task where none fits
        return
    setup.train_for(name)
    sizes = wanted_sizes(session.document, TASKS[name])
    edits = (SetSymbol(name=symbol, value=value) for symbol, value in sizes.items())
    if session.document.task != name or sizes:
        session.apply(Batch(edits=(SetTask(task=name), *edits), label=f"Train for {name}"))


def task_of(document: Document) -> str:
    """The task that a document names, or the first that it fits; empty if there is none."""
    return document.task if document.task in TASKS else suitable_task(document)


def settle(session: Session, setup: Setup) -> None:
    """Follow the document: the task that it is trained for, and what keeps it from being trained."""
    document, task = session.document, task_of(session.document)
    if task:
        setup.train_for(task)
    reason = (misfit(document, task) if task else why_none(document)) if session.report.ok else ""
    setup.param.update(undecided=not task, obstacle=reason, cure=_cure(document, task) if reason else "")


def _cure(document: Document, task: str) -> str:
    """The task itself where only sizes are in the way, else one that the model fits, else one by its sizes."""
    return task if task and fits_by_sizes(document, task) else suitable_task(document) or task_by_sizes(document)


def cure_label(session: Session, setup: Setup) -> str:
    """What the button says that takes the obstacle away."""
    changes_sizes = bool(wanted_sizes(session.document, TASKS[setup.cure]))
    return f"Make it fit: {setup.cure}" if changes_sizes else f"Train for {setup.cure}"


def chosen_task(setup: Setup) -> str:
    """The name of the task; empty if none fits."""
    return "" if setup.undecided else setup.config.task


def task_options(setup: Setup) -> list[dict[str, str]]:
    """The tasks to choose from, by name; before them that none fits, where that is so."""
    none = [{"id": "", "label": UNDECIDED}] if setup.undecided else []
    return [*none, *({"id": name, "label": name} for name in TASKS)]


def changes(config: RunConfig) -> dict[str, Value]:
    """The settings that differ from what the task recommends: what a user has chosen."""
    suited = RunConfig.suited(config.task).to_dict()
    return {name: value for name, value in config.to_dict().items() if value != suited[name]}


def example_rows(task: Task) -> list[dict[str, str]]:
    """Held-out examples with the answers that are wanted."""
    found = task.examples(EXAMPLES)
    return [{"input": e.text, "answer": e.wanted, "wanted": e.wanted} for e in found]
