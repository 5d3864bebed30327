"""The mirror's process, with a real MLflow store: it is killed, and nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from builder import mirror, store
from builder.document import Definition, Document, Symbol
from engine.config import RunConfig
from engine.jsonfiles import read_json, write_json
from engine.mlflow_tracker import MlflowTracker
from engine.processes import created
from engine.status import change_status, read_status, write_status
from tests.engine.run_folders import append, end_run, loss, new_run


def document() -> Document:
    main = Definition.make("model", "Model").with_symbols([Symbol(name="d_model", value=16)])
    return Document.empty("tiny").with_definition(main)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that goes on in this process, below a new root."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv(mirror.SWITCH)
    folder = new_run(tmp_path / "runs", "20260101-120000-sort")
    store.save(document(), folder / "graph.json")
    write_json(folder / "config.json", RunConfig(task="sort", lr=0.25).to_dict())
    write_status(folder, replace(read_status(folder), pid=os.getpid(), pid_created=created(os.getpid())))
    return folder


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes] | None) -> None:
    if process:
        process.kill()
        process.wait()


def test_a_run_is_portrayed_by_its_settings_and_symbols(folder: Path) -> None:
    portrait = mirror.portray(folder)

    assert portrait.params["lr"] == 0.25
    assert portrait.params["d_model"] == 16
    assert portrait.tags["task"] == "sort"
    assert portrait.files["graph.json"] == (folder / "graph.json").read_text()
    assert portrait.files["graph.svg"].lstrip().startswith("<svg")


def test_two_runs_of_one_graph_have_the_same_graph_tag_and_of_another_not(folder: Path) -> None:
    first = mirror.portray(folder).tags["graph"]
    store.save(replace(document(), name="other"), folder / "graph.json")

    assert mirror.portray(folder).tags["graph"] != first


def test_a_run_whose_process_is_gone_is_buried(folder: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    change_status(folder, pid=gone.pid)

    assert not mirror.is_alive(folder)
    assert read_status(folder).state == "failed"


def test_another_process_with_the_number_of_a_run_s_is_not_taken_for_it(folder: Path) -> None:
    assert mirror.is_alive(folder)

    change_status(folder, pid_created=created(os.getpid()) - 3600)

    assert not mirror.is_alive(folder)
    assert read_status(folder).state == "failed"


def test_the_mirror_is_not_started_where_it_is_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.SWITCH, "off")

    assert mirror.start(folder.parent.parent) is None


@pytest.mark.slow
def test_a_killed_mirror_goes_on_where_it_was(folder: Path) -> None:
    root, mark = folder.parent.parent, folder / "mirror.json"
    append(folder, *(loss(step) for step in range(1, 501)))
    first = mirror.start(root)
    second = None
    try:
        wait_until(lambda: read_json(mark).get("offset", 0) > 0)
        append(folder, *(loss(step) for step in range(501, 2001)))
        end(first)
        append(folder, *(loss(step, 9.0) for step in range(1990, 2001)), loss(2001))
        second = mirror.start(root)
        assert second is not None
        nice = psutil.Process(second.pid).nice
        end_run(folder)
        wait_until(lambda: read_json(mark).get("state") == "finished")
        assert nice() == mirror.NICE
    finally:
        end(first)
        end(second)

    tracker = MlflowTracker(f"sqlite:///{root / 'mlflow.db'}", root / "mlflow")
    run_id = json.loads(mark.read_text())["run_id"]
    history = tracker.client.get_metric_history(run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(step, 1 / step) for step in range(1, 2002)]
    experiment = tracker.client.get_run(run_id).info.experiment_id
    assert len(tracker.client.search_runs([experiment])) == 1


@pytest.mark.slow
def test_a_mirror_of_one_run_ends_with_it(folder: Path) -> None:
    append(folder, loss(1))
    process = mirror.start(folder.parent.parent, once=folder)
    assert process is not None
    try:
        wait_until(lambda: read_json(folder / "mirror.json").get("offset", 0) > 0)
        end_run(folder, "stopped")
        process.wait(timeout=120)
    finally:
        end(process)

    assert read_json(folder / "mirror.json")["state"] == "stopped"


@pytest.mark.slow
def test_a_server_that_is_away_keeps_the_mirror_of_an_ended_run_for_seconds_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    append(folder, loss(1))
    end_run(folder)

    process = mirror.start(folder.parent.parent, once=folder)

    assert process is not None
    try:
        assert process.wait(timeout=120) == 0
    finally:
        end(process)
    assert not (folder / "mirror.json").exists()
    assert "MLFLOW_TRACKING_URI" in (folder.parent.parent / "mirror.log").read_text()
