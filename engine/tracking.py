"""Where a run's numbers are shown to the world: MLflow, or memory in tests.

The run folder is the truth and a tracker its copy (see `engine.mirror`). No training process and
no page imports MLflow: it takes seconds, and a server that is away would block them.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import RunError
from engine.locations import is_server

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from engine.export import ExportBundle

EXPERIMENT = "stepwise"
FOLDER_TAG = "stepwise.folder"
BATCH = 1000  # MLflow refuses more metrics at a time
PARAMS = 100  # … and more parameters


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

    def log(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Write points; one that is there already is not doubled."""

    def attach(self, run_id: str, path: Path) -> None:
        """Store a copy of a file beside the run."""

    def add_model(self, run_id: str, bundle: ExportBundle) -> None:
        """Store the model beside the run, ready to be loaded and served."""

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """Say how the run is: a state of `STATES`; `ended` in milliseconds since 1970."""

    def left_running(self) -> Mapping[str, str]:
        """Runs that the tracker believes to be going: id to run folder."""


STATES = {
    "queued": "SCHEDULED", "running": "RUNNING", "paused": "RUNNING",
    "finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED",
}  # fmt: skip
"""Our states of a run to MLflow's."""


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


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Use MLflow inside: an absent server costs seconds, not minutes, and its chatter is hidden."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_REFUSALS = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "INVALID_STATE", "BAD_REQUEST")


class MlflowTracker:
    """Writes to an MLflow store. Holds a client and the experiment's id.

    Args:
        uri: Store, such as `sqlite:////home/me/artifacts/mlflow.db` or `http://host:5000`.
        artifacts: Where files go when the store is a local database.
    """

    def __init__(self, uri: str, artifacts: Path) -> None:
        self.uri = uri
        self._artifacts = artifacts
        self._client: MlflowClient | None = None
        self._experiment = ""

    @property
    def client(self) -> MlflowClient:
        """MLflow's client; made at the first call, because MLflow takes seconds to import."""
        if self._client is None:
            from mlflow import MlflowClient

            client = MlflowClient(self.uri)
            found = client.get_experiment_by_name(EXPERIMENT)
            self._experiment = found.experiment_id if found else self._new_experiment(client)
            self._client = client
        return self._client

    def _new_experiment(self, client: MlflowClient) -> str:
        where = None if is_server(self.uri) else self._artifacts.resolve().as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=where))

    @contextmanager
    def _reaching(self) -> Iterator[MlflowClient]:
        """Hand out the client; what MLflow or the network raise becomes one of our errors."""
        with quiet_mlflow():
            from mlflow.exceptions import MlflowException

            try:
                yield self.client
            except (MlflowException, OSError) as error:
                raise self._explained(error) from error

    def _explained(self, error: Exception) -> RunError:
        reason = " ".join(str(error).split())[:200]
        if getattr(error, "error_code", "") in _REFUSALS:
            return TrackerRefusesError(f"MLflow at {self.uri} refuses: {reason}")
        return TrackerAwayError(
            f"MLflow at {self.uri} does not answer: {reason}. The run folders have "
            "everything; it is tried again. Check MLFLOW_TRACKING_URI and that server."
        )

    def begin(self, portrait: Portrait) -> str:
        """See `Tracker.begin`; a run is found again by its folder."""
        with self._reaching() as client:
            query = f"tags.`{FOLDER_TAG}` = {_quoted(portrait.folder)}"
            known = client.search_runs([self._experiment], query, max_results=1)
            run_id = known[0].info.run_id if known else self._create(client, portrait)
            for name, text in portrait.files.items():
                client.log_text(run_id, text, name)
            return str(run_id)

    def _create(self, client: MlflowClient, portrait: Portrait) -> str:
        from mlflow.entities import Param

        tags = {**portrait.tags, FOLDER_TAG: portrait.folder}
        run = client.create_run(
            self._experiment, start_time=portrait.started, tags=tags, run_name=portrait.name
        )
        params = [Param(key, str(value)[:500]) for key, value in portrait.params.items()]
        for some in _pieces(params, PARAMS):
            client.log_batch(run.info.run_id, params=some)
        return str(run.info.run_id)

    def log(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """See `Tracker.log`; MLflow knows a point by key, value, step and time."""
        from mlflow.entities import Metric as MlflowMetric

        with self._reaching() as client:
            rows = [MlflowMetric(m.key, m.value, m.time, m.step) for m in metrics]
            for some in _pieces(rows, BATCH):
                client.log_batch(run_id, metrics=some)

    def attach(self, run_id: str, path: Path) -> None:
        """See `Tracker.attach`."""
        with self._reaching() as client:
            client.log_artifact(run_id, str(path))

    def add_model(self, run_id: str, bundle: ExportBundle) -> None:
        """See `Tracker.add_model`."""
        with self._reaching():
            from engine.export import log_mlflow

            log_mlflow(bundle, run_id=run_id, uri=self.uri)

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """See `Tracker.set_state`."""
        with self._reaching() as client:
            if ended is None:
                client.update_run(run_id, status=STATES[state])
            else:
                client.set_terminated(run_id, status=STATES[state], end_time=ended)

    def left_running(self) -> Mapping[str, str]:
        """See `Tracker.left_running`."""
        with self._reaching() as client:
            going = client.search_runs([self._experiment], "attributes.status = 'RUNNING'", max_results=1000)
            folders = {run.info.run_id: run.data.tags.get(FOLDER_TAG, "") for run in going}
            return {run_id: folder for run_id, folder in folders.items() if folder}


def _pieces(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _quoted(text: str) -> str:
    """A text as MLflow's search wants it; it knows no escape, so the quote is one that is not inside."""
    return f"'{text}'" if "'" not in text else f'"{text}"'
