"""A run's progress on the terminal: a bar where there is a person, plain lines where there is a file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from builder.verbs.console import OUT
from engine.messages import Evaluated, Event, Paused, Resumed, Sampled, Started, StepDone
from engine.runs import read_config

_NAMES = {"val_loss": "validation", "val_accuracy": "accuracy", "exact_match": "exact match"}


class Progress:
    """Shows events. Holds the bar; call it with each event.

    Args:
        folder: The run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._steps = folder, read_config(folder).steps
        columns = (
            "{task.description}",
            "step {task.completed:.0f}/{task.total:.0f}",
            "{task.fields[numbers]}",
        )
        texts = [TextColumn(text, markup=False) for text in columns]
        self._bar = Bar(texts[0], BarColumn(), *texts[1:], TimeElapsedColumn(), TimeRemainingColumn(), console=OUT)
        self._line = self._bar.add_task("training", total=self._steps, numbers="")
        self._found: dict[str, float] = {}

    def __enter__(self) -> Progress:
        if OUT.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if OUT.is_terminal:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Started(step=step):
                self._say(f"{self._folder}: from step {step} of {self._steps}")
            case StepDone():
                self._found["loss"] = event.metrics["loss"]
                self._bar.update(self._line, completed=event.step, numbers=self._numbers())
            case Evaluated():
                self._found.update(event.metrics)
                if not OUT.is_terminal:
                    self._say(f"step {event.step}  {self._numbers()}")
            case Paused() | Resumed():
                self._say(f"{event.type} at step {event.step}")
            case Sampled() if event.step == self._steps:
                for sample in event.samples:
                    self._say(f"  {sample['input']!r} → {sample['answer']!r}")

    def _numbers(self) -> str:
        return "  ".join(f"{_NAMES.get(name, name)} {value:.3f}" for name, value in self._found.items())

    def _say(self, text: str) -> None:
        self._bar.console.print(Text(text), soft_wrap=True)
