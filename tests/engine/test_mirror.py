"""The mirror: all points once, whatever dies in between."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch

from engine.errors import ExportError
from engine.export import ExportBundle
from engine.mirror import Mirror
from engine.mirror_mark import MARK_FILE, address_of
from engine.status import TRAINED_FILE, change_status
from engine.tracking import MemoryTracker, Metric, Portrait, TrackerAwayError, TrackerRefusesError
from tests.engine.run_folders import CREATED, append, end_run, loss, new_run


def portray(folder: Path) -> Portrait:
    return Portrait(
        name=folder.name, folder=str(folder), started=int(CREATED * 1000),
        params={"lr": 0.1}, files={"graph.svg": "<svg/>"},
    )  # fmt: skip


def mirror_to(tracker: MemoryTracker, **more: object) -> Mirror:
    """A mirror that has no memory of its own, as after a restart."""
    return Mirror(tracker, store="memory", portray=portray, **more)  # type: ignore[arg-type]


def curve(tracker: MemoryTracker, folder: Path, key: str = "loss") -> list[tuple[int, float]]:
    return tracker.runs[str(folder)].curve(key)


def test_a_run_is_introduced_with_its_parameters_and_files(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)

    assert mirror_to(tracker).sync(tmp_path)

    run = tracker.runs[str(folder)]
    assert run.portrait.params == {"lr": 0.1}
    assert run.files["graph.svg"] == "<svg/>"
    assert run.state == "running"
    assert address_of(folder) == f"#{folder}"


def test_points_arrive_with_their_step_and_the_time_of_training(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, {"step": 5, "loss": 0.5, "elapsed": 2.0}, {"step": 5, "val_loss": 0.7})

    mirror_to(tracker).sync(tmp_path)

    assert list(tracker.runs[str(folder)].metrics) == [
        Metric(key="loss", value=0.5, step=5, time=int(CREATED * 1000) + 2000),
        Metric(key="val_loss", value=0.7, step=5, time=int(CREATED * 1000) + 2000),
    ]


def test_a_number_that_was_none_is_nan(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, {"step": 1, "loss": None})

    mirror_to(tracker).sync(tmp_path)

    assert math.isnan(curve(tracker, folder)[0][1])


def test_after_a_resume_only_newer_steps_are_written(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, loss(1), loss(2), loss(3))
    mirror_to(tracker).sync(tmp_path)

    append(folder, loss(2, 9.0), loss(3, 9.0), loss(4))
    mirror_to(tracker).sync(tmp_path)

    assert curve(tracker, folder) == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 0.25)]


def test_a_line_that_a_crash_has_cut_is_left_out(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, loss(1), cut='{"step": 2, "lo')
    mirror_to(tracker).sync(tmp_path)

    append(folder, cut="\n")
    append(folder, loss(2))
    mirror_to(tracker).sync(tmp_path)

    assert curve(tracker, folder) == [(1, 1.0), (2, 0.5)]


class Dying(MemoryTracker):
    """Takes what it is given and then dies with the mirror, before anything is noted."""

    def log(self, run_id: str, metrics: list[Metric]) -> None:  # type: ignore[override]
        """Take it and die."""
        super().log(run_id, metrics)
        raise KeyboardInterrupt


def test_points_sent_but_not_noted_before_a_kill_are_not_doubled(tmp_path: Path) -> None:
    tracker, folder = Dying(), new_run(tmp_path)
    append(folder, loss(1), loss(2))
    with pytest.raises(KeyboardInterrupt):
        mirror_to(tracker).sync(tmp_path)

    again = MemoryTracker()
    again.runs = tracker.runs
    mirror_to(again).sync(tmp_path)

    assert len(again.runs) == 1
    assert curve(again, folder) == [(1, 1.0), (2, 0.5)]


def test_an_absent_tracker_loses_nothing(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, loss(1))
    mirror = mirror_to(tracker)
    mirror.sync(tmp_path)

    tracker.away = True
    append(folder, loss(2))
    end_run(folder)
    with pytest.raises(TrackerAwayError):
        mirror.sync(tmp_path)
    tracker.away = False
    going = mirror.sync(tmp_path)

    assert not going
    assert curve(tracker, folder) == [(1, 1.0), (2, 0.5)]
    assert tracker.runs[str(folder)].state == "finished"


def test_watch_ends_when_asked_though_the_tracker_is_away(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    tracker.away = True

    mirror = mirror_to(tracker)
    mirror.watch(lambda: mirror.sync(tmp_path), stop=lambda: True, every=0.01)

    assert not (folder / MARK_FILE).exists()


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_an_end_is_told_with_its_time_and_the_metrics_file(tmp_path: Path, state: str) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, loss(1))
    end_run(folder, state)  # type: ignore[arg-type]

    assert not mirror_to(tracker).sync(tmp_path)

    run = tracker.runs[str(folder)]
    assert (run.state, run.ended) == (state, int((CREATED + 60) * 1000))
    assert json.loads(run.files["metrics.jsonl"]) == loss(1)


def test_a_run_without_a_process_has_failed(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)

    mirror_to(tracker, alive=lambda _: False).sync(tmp_path)

    assert tracker.runs[str(folder)].state == "failed"


def test_a_run_that_goes_on_after_its_end_is_running_again(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    mirror = mirror_to(tracker)
    append(folder, loss(1))
    end_run(folder, "stopped")
    mirror.sync(tmp_path)

    change_status(folder, state="running", ended=0.0)
    append(folder, loss(2))

    assert mirror.sync(tmp_path)
    assert tracker.runs[str(folder)].state == "running"
    assert curve(tracker, folder) == [(1, 1.0), (2, 0.5)]


def test_a_run_that_never_began_is_left_alone(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path, state="queued")
    change_status(folder, started=0.0)

    assert not mirror_to(tracker).sync(tmp_path)
    assert not tracker.runs


def test_a_long_backlog_of_an_ended_run_is_copied_to_its_end(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    append(folder, *(loss(step) for step in range(1, 8001)))
    end_run(folder)

    mirror_to(tracker).sync(tmp_path)

    assert (folder / "metrics.jsonl").stat().st_size > 1 << 18
    assert [step for step, _ in curve(tracker, folder)] == list(range(1, 8001))


def bundle_of(_: Path) -> ExportBundle:
    return ExportBundle(model=torch.nn.Identity(), graph="{}")


def test_the_model_is_stored_once_for_each_end_at_a_newer_step(tmp_path: Path) -> None:
    tracker, folder = MemoryTracker(), new_run(tmp_path)
    (folder / "checkpoints" / "step-00000010").mkdir(parents=True)
    end_run(folder)
    mirror_to(tracker, bundle=bundle_of).sync(tmp_path)
    mirror_to(tracker, bundle=bundle_of).sync(tmp_path)

    assert len(tracker.runs[str(folder)].models) == 1


def test_a_model_that_cannot_be_exported_does_not_hide_the_end(tmp_path: Path) -> None:
    def refuse(_: Path) -> ExportBundle:
        raise ExportError("No model is here.")

    tracker, folder = MemoryTracker(), new_run(tmp_path)
    (folder / "checkpoints" / "step-00000010").mkdir(parents=True)
    end_run(folder)

    mirror_to(tracker, bundle=refuse).sync(tmp_path)

    assert tracker.runs[str(folder)].state == "finished"


class Refusing(MemoryTracker):
    """Its user has deleted the run."""

    def log(self, run_id: str, metrics: list[Metric]) -> None:  # type: ignore[override]
        """Refuse."""
        raise TrackerRefusesError(f"{run_id} with its {len(metrics)} points was deleted.")


def test_a_run_that_the_tracker_refuses_is_left_alone_and_the_others_go_on(tmp_path: Path) -> None:
    folder = new_run(tmp_path)
    append(folder, loss(1))
    mirror_to(Refusing()).sync(tmp_path)
    tracker = MemoryTracker()
    other = new_run(tmp_path, "other")

    mirror_to(tracker).sync(tmp_path)

    assert list(tracker.runs) == [str(other)]
    assert "deleted" in json.loads((folder / MARK_FILE).read_text())["refused"]


def test_a_run_that_breaks_the_portrayer_is_left_alone_and_the_others_go_on(tmp_path: Path) -> None:
    def stumble(folder: Path) -> Portrait:
        if folder.name == "broken":
            raise KeyError("a key that nobody foresaw")
        return portray(folder)

    tracker = MemoryTracker()
    new_run(tmp_path, "broken")
    other = new_run(tmp_path, "other")

    Mirror(tracker, store="memory", portray=stumble).sync(tmp_path)

    assert list(tracker.runs) == [str(other)]


def test_reap_closes_runs_whose_folder_is_gone_and_no_others(tmp_path: Path) -> None:
    tracker = MemoryTracker()
    gone, there = new_run(tmp_path, "gone"), new_run(tmp_path, "there")
    elsewhere = new_run(tmp_path / "other machine", "gone too")
    for folder in (gone, there, elsewhere):
        mirror_to(tracker).follow(folder)
        if folder != there:
            shutil.rmtree(folder)

    assert mirror_to(tracker).reap(tmp_path) == [str(gone)]
    assert tracker.runs[str(gone)].state == "failed"
    assert tracker.runs[str(there)].state == tracker.runs[str(elsewhere)].state == "running"


class Closed(MemoryTracker):
    """Takes no word about the end of one run, which its user has deleted."""

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """Refuse it for that run."""
        if "deleted" in run_id:
            raise TrackerRefusesError(f"{run_id} was deleted.")
        super().set_state(run_id, state, ended)


def test_a_refusal_to_close_a_lost_run_ends_neither_the_reaping_nor_the_watch(tmp_path: Path) -> None:
    open_to_all, closed = MemoryTracker(), Closed()
    for name in ("deleted", "gone"):
        folder = new_run(tmp_path, name)
        mirror_to(open_to_all).follow(folder)
        shutil.rmtree(folder)
    closed.runs = open_to_all.runs
    there = new_run(tmp_path, "there")
    end_run(there)
    mirror = mirror_to(closed)

    mirror.watch(lambda: mirror.sync(tmp_path), stop=lambda: str(there) in closed.runs, every=0.01)

    assert closed.runs[str(tmp_path / "gone")].state == "failed"
    assert closed.runs[str(tmp_path / "deleted")].state == "running"


def test_another_store_is_given_everything_anew(tmp_path: Path) -> None:
    folder = new_run(tmp_path)
    append(folder, loss(1))
    mirror_to(MemoryTracker()).sync(tmp_path)
    second = MemoryTracker()

    Mirror(second, store="another", portray=portray).sync(tmp_path)

    assert curve(second, folder) == [(1, 1.0)]


def test_a_model_trained_elsewhere_is_no_run_to_be_copied(tmp_path: Path) -> None:
    tracker = MemoryTracker()
    (new_run(tmp_path, state="finished") / TRAINED_FILE).write_text("{}")

    mirror_to(tracker).sync(tmp_path)

    assert not tracker.runs
