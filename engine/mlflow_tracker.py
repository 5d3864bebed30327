"""The tracker that is MLflow: a database file, or any server.

No training process and no page imports MLflow: it takes seconds, and a server that is away would block them.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RunError
from engine.locations import is_server
from engine.tracking import Metric, Portrait, TrackerAwayError, TrackerRefusesError

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from engine.export import ExportBundle

EXPERIMENT = "stepwise"
FOLDER_TAG = "stepwise.folder"
BATCH = 1000  # MLflow refuses more metrics at a time
PARAMS = 100  # … and more parameters

STATES = {
    "queued": "SCHEDULED", "running": "RUNNING", "paused": "RUNNING",
    "finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED",
}  # fmt: skip
"""Our states of a run to MLflow's."""

_REFUSALS = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "INVALID_STATE", "BAD_REQUEST")


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
            with quiet_mlflow():
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
        run = client.create_run(self._experiment, start_time=portrait.started, tags=tags, run_name=portrait.name)
        params = [Param(key, str(value)[:500]) for key, value in portrait.params.items()]
        for some in _pieces(params, PARAMS):
            client.log_batch(run.info.run_id, params=some)
        return str(run.info.run_id)

    def address(self, run_id: str) -> str:
        """See `Tracker.address`."""
        with self._reaching():
            return f"#/experiments/{self._experiment}/runs/{run_id}"

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
