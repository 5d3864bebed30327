"""Trackers: the same promises kept by MLflow on sqlite and by its twin in memory."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from engine.data.tokenizers import CharTokenizer
from engine.export import ExportBundle, Speech
from engine.mirror import Mirror
from engine.mlflow_page import MlflowPage
from engine.mlflow_tracker import MlflowTracker
from engine.tracking import (
    MemoryTracker,
    Metric,
    Portrait,
    Tracker,
    TrackerAwayError,
    TrackerRefusesError,
)
from tests.engine.run_folders import append, end_run, loss, new_run
from tests.engine.small_models import SmallClassifier

START = 1_700_000_000_000


def portrait(folder: Path) -> Portrait:
    return Portrait(
        name="a run's name", folder=str(folder), started=START, params={"lr": 0.1, "d_model": 64},
        tags={"task": "sort"}, files={"graph.svg": "<svg/>"},
    )  # fmt: skip


def point(step: int, value: float = 0.5, key: str = "loss") -> Metric:
    return Metric(key=key, value=value, step=step, time=START + step)


def history(tracker: Tracker, run_id: str, key: str = "loss") -> list[tuple[int, float]]:
    if isinstance(tracker, MemoryTracker):
        return tracker.runs[run_id].curve(key)
    assert isinstance(tracker, MlflowTracker)
    return [(m.step, m.value) for m in tracker.client.get_metric_history(run_id, key)]


@pytest.fixture(params=["memory", "mlflow"])
def tracker(request: pytest.FixtureRequest) -> Tracker:
    """Each kind of tracker in turn."""
    if request.param == "memory":
        return MemoryTracker()
    found: Tracker = request.getfixturevalue("mlflow_tracker")
    return found


def test_begin_finds_the_run_of_a_folder_again(tracker: Tracker, tmp_path: Path) -> None:
    first = tracker.begin(portrait(tmp_path))

    assert tracker.begin(portrait(tmp_path)) == first
    assert tracker.begin(portrait(tmp_path / "other")) != first


def test_a_point_sent_twice_is_there_once(tracker: Tracker, tmp_path: Path) -> None:
    run_id = tracker.begin(portrait(tmp_path))
    tracker.log(run_id, [point(1), point(2)])

    tracker.log(run_id, [point(2), point(3)])

    assert history(tracker, run_id) == [(1, 0.5), (2, 0.5), (3, 0.5)]


def test_more_points_than_mlflow_takes_at_a_time_all_arrive(tracker: Tracker, tmp_path: Path) -> None:
    run_id = tracker.begin(portrait(tmp_path))

    tracker.log(run_id, [point(step) for step in range(1, 1502)])

    assert [step for step, _ in history(tracker, run_id)] == list(range(1, 1502))


def test_nan_is_kept(tracker: Tracker, tmp_path: Path) -> None:
    run_id = tracker.begin(portrait(tmp_path))

    tracker.log(run_id, [point(1, math.nan)])

    assert math.isnan(history(tracker, run_id)[0][1])


def test_a_run_is_left_running_until_its_end_is_told(tracker: Tracker, tmp_path: Path) -> None:
    run_id = tracker.begin(portrait(tmp_path))
    tracker.set_state(run_id, "running")
    before = dict(tracker.left_running())

    tracker.set_state(run_id, "finished", START + 5000)

    assert before[run_id] == str(tmp_path)
    assert run_id not in tracker.left_running()


def test_mlflow_has_name_parameters_tags_times_and_files(mlflow_tracker: MlflowTracker, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    run_id = mlflow_tracker.begin(portrait(tmp_path))
    mlflow_tracker.attach(run_id, tmp_path / "config.json")
    mlflow_tracker.set_state(run_id, "stopped", START + 5000)

    run = mlflow_tracker.client.get_run(run_id)

    assert mlflow_tracker.address(run_id) == f"#/experiments/{run.info.experiment_id}/runs/{run_id}"
    assert run.info.run_name == "a run's name"
    assert (run.info.status, run.info.start_time, run.info.end_time) == ("KILLED", START, START + 5000)
    assert run.data.params == {"lr": "0.1", "d_model": "64"}
    assert run.data.tags["task"] == "sort"
    stored = {file.path for file in mlflow_tracker.client.list_artifacts(run_id)}
    assert stored == {"config.json", "graph.svg"}


def test_a_folder_with_a_quote_in_its_name_is_found_again(mlflow_tracker: MlflowTracker, tmp_path: Path) -> None:
    folder = tmp_path / "Ann's runs"

    assert mlflow_tracker.begin(portrait(folder)) == mlflow_tracker.begin(portrait(folder))


def test_a_run_deleted_in_mlflow_is_refused(mlflow_tracker: MlflowTracker, tmp_path: Path) -> None:
    run_id = mlflow_tracker.begin(portrait(tmp_path))
    mlflow_tracker.client.delete_run(run_id)

    with pytest.raises(TrackerRefusesError):
        mlflow_tracker.log(run_id, [point(1)])


def test_a_server_that_is_not_there_is_away_within_seconds(tmp_path: Path) -> None:
    tracker = MlflowTracker("http://127.0.0.1:9", tmp_path)

    with pytest.raises(TrackerAwayError, match="MLFLOW_TRACKING_URI"):
        tracker.begin(portrait(tmp_path))


@pytest.mark.slow
def test_a_finished_run_is_mirrored_with_a_model_that_loads(mlflow_tracker: MlflowTracker, tmp_path: Path) -> None:
    import mlflow
    import mlflow.pytorch

    torch.manual_seed(0)
    labels = ("low", "middle", "high")
    words = Speech(kind="classifier", tokenizer=CharTokenizer("_>.abcde").to_dict(), example="abc", labels=labels)
    bundle = ExportBundle(model=SmallClassifier(), speech=words, graph="{}")
    folder = new_run(tmp_path)
    append(folder, loss(1), loss(2))
    (folder / "checkpoints" / "step-00000002").mkdir(parents=True)
    end_run(folder)
    mirror = Mirror(mlflow_tracker, store=mlflow_tracker.uri, portray=portrait, bundle=lambda _: bundle)

    assert not mirror.sync(tmp_path)

    run_id = mlflow_tracker.begin(portrait(folder))
    assert history(mlflow_tracker, run_id) == [(1, 1.0), (2, 0.5)]
    assert mlflow_tracker.client.get_run(run_id).info.status == "FINISHED"
    mlflow.set_tracking_uri(mlflow_tracker.uri)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    logits = bundle.model(torch.tensor([[3, 4, 5]]))
    assert list(loaded.predict(["abc"])) == [labels[int(logits.argmax())]]
    program = mlflow.pytorch.load_model(f"runs:/{run_id}/model")
    assert torch.equal(program(tokens=torch.tensor([[3, 4, 5]])), logits)


def test_tracking_is_imported_without_mlflow_and_torch() -> None:
    ours = "engine.mlflow_tracker, engine.mirror, builder.mirror"
    code = f"import sys, {ours}; print('mlflow' in sys.modules, 'torch' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["False", "False"]


def test_the_page_of_a_server_is_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")

    assert MlflowPage().open() == "https://mlflow.example.org"


@pytest.mark.slow
def test_the_page_of_a_local_store_opens_and_ends_with_its_owner(mlflow_root: Path) -> None:
    page = MlflowPage(mlflow_root)
    url = page.open()
    try:
        end = time.monotonic() + 120
        while not page.is_ready():
            assert time.monotonic() < end, "MLflow's page did not answer within 120 s"
            time.sleep(0.2)
        assert page.open() == url
    finally:
        page.close()

    assert not page.is_ready()
