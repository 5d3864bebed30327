"""Where a run's numbers are shown to the world: MLflow (`engine.mlflow_tracker`), or memory in tests.

The run folder is the truth and a tracker its copy (see `engine.mirror`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.errors import RunError

if TYPE_CHECKING:
    from engine.export import ExportBundle


class TrackerAwayError(RunError):
    """The tracker does not answer; nothing is lost, try again later."""


class TrackerRefusesError(RunError):
    """The tracker answers, and will never take this: the run was deleted there, for one."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number of a curve.

    Args:
        key: Name of the curve: "loss", "val_loss".
        value: The number; may be NaN.
        step: Training step, from 1.
        time: Milliseconds since 1970.
    """

    key: str
    value: float
    step: int
    time: int


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """What is known of a run when it starts.

    Args:
        name: Name shown in the table of runs.
        folder: The run folder, which identifies the run.
        started: Milliseconds since 1970.
        params: Settings and symbols.
        tags: Short texts to filter by.
        files: Texts to store beside the run, by file name.
    """

    name: str
    folder: str
    started: int
    params: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


class Tracker(Protocol):
    """What the mirror writes to. All may raise `TrackerAwayError` and may be repeated."""

    def begin(self, portrait: Portrait) -> str:
        """Give the id of the portrayed run: the one there already, else a new one."""

    def address(self, run_id: str) -> str:
        """Where the run is shown, seen from the tracker's page; empty if it has none."""

    def log(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Write points; one that is there already is not doubled."""

    def attach(self, run_id: str, path: Path) -> None:
        """Store a copy of a file beside the run."""

    def add_model(self, run_id: str, bundle: ExportBundle) -> None:
        """Store the model beside the run, ready to be loaded and served."""

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """Say how the run is: one of `engine.status.State`; `ended` in milliseconds since 1970."""

    def left_running(self) -> Mapping[str, str]:
        """Runs that the tracker believes to be going: id to run folder."""


@dataclass
class TrackedRun:
    """What `MemoryTracker` holds of one run."""

    portrait: Portrait
    state: str = "running"
    ended: int | None = None
    metrics: dict[Metric, None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    models: list[ExportBundle] = field(default_factory=list)

    def curve(self, key: str) -> list[tuple[int, float]]:
        """The points (step, value) of one curve in the order they came."""
        return [(m.step, m.value) for m in self.metrics if m.key == key]


class MemoryTracker:
    """A tracker that keeps everything in `runs`, and can be made to be away."""

    def __init__(self) -> None:
        self.runs: dict[str, TrackedRun] = {}
        self.away = False

    def _run(self, run_id: str) -> TrackedRun:
        if self.away:
            raise TrackerAwayError("The tracker in memory is away. Set `away` to False.")
        return self.runs[run_id]

    def begin(self, portrait: Portrait) -> str:
        """See `Tracker.begin`."""
        run_id = portrait.folder
        if run_id not in self.runs and not self.away:
            self.runs[run_id] = TrackedRun(portrait, files=dict(portrait.files))
        self._run(run_id)
        return run_id

    def address(self, run_id: str) -> str:
        """See `Tracker.address`."""
        return f"#{run_id}"

    def log(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """See `Tracker.log`."""
        self._run(run_id).metrics.update(dict.fromkeys(metrics))

    def attach(self, run_id: str, path: Path) -> None:
        """See `Tracker.attach`."""
        self._run(run_id).files[path.name] = path.read_text()

    def add_model(self, run_id: str, bundle: ExportBundle) -> None:
        """See `Tracker.add_model`."""
        self._run(run_id).models.append(bundle)

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """See `Tracker.set_state`."""
        run = self._run(run_id)
        run.state, run.ended = state, ended

    def left_running(self) -> Mapping[str, str]:
        """See `Tracker.left_running`."""
        return {i: r.portrait.folder for i, r in self.runs.items() if r.state == "running"}
