"""The runner starts, commands and follows runs, each a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import templates
from engine import jobs, locations
from engine.channel import Step, Stop
from engine.config import RunConfig
from engine.errors import StepwiseError
from tests.engine.run_folders import append, loss, new_run
from views.runner import Runner

TINY = templates.build("tiny", d_model=8, n_heads=2, n_layers=1)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    runner = Runner()
    yield runner
    for folder, status in jobs.runs(locations.runs()):
        if status.is_going and status.pid:
            jobs.send(folder, Stop())
            jobs.wait(folder)


def config(**changes: int) -> RunConfig:
    """Small steps without an end in sight."""
    return RunConfig.suited(
        "reverse", **{"steps": 100_000, "batch_size": 2, "eval_size": 2, "eval_every": 50, **changes}
    )


def until(runner: Runner, condition: Callable[[], object], seconds: float = 90) -> None:
    """Poll as the page does."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
        runner.poll()
    assert condition()


def state(runner: Runner) -> str:
    """What the followed run says of itself."""
    return runner.status.state if runner.status else ""


@pytest.mark.slow
def test_a_run_is_stepped_let_go_paused_stopped_and_continued(runner: Runner) -> None:
    runner.start(TINY, config(), Step())
    until(runner, lambda: state(runner) == "paused" and runner.step == 1)
    runner.one_step()
    until(runner, lambda: runner.step == 2)
    assert runner.is_paused

    runner.toggle()
    until(runner, lambda: state(runner) == "running" and runner.step > 5)
    assert runner.seconds_left()
    runner.toggle()
    until(runner, lambda: runner.is_paused)
    runner.stop()
    until(runner, lambda: state(runner) == "stopped")
    assert not runner.is_going
    stopped = runner.step
    assert stopped in runner.checkpoints

    assert runner.folder is not None
    runner.go_on(runner.folder)
    until(runner, lambda: runner.step > stopped)
    runner.stop()
    until(runner, lambda: state(runner) == "stopped")


@pytest.mark.slow
def test_a_run_that_is_killed_gives_its_reason_and_another_page_sees_it_too(runner: Runner) -> None:
    folder = runner.start(TINY, config())
    until(runner, lambda: state(runner) == "running" and runner.step > 0)
    assert runner.status is not None

    os.kill(runner.status.pid, signal.SIGKILL)
    until(runner, lambda: state(runner) == "failed")

    assert "ended without a word" in runner.status.reason
    other = Runner()
    other.follow_newest()
    assert (other.folder, state(other)) == (folder, "failed")
    other.stop()  # nothing is there to stop, and nothing happens


def test_a_model_that_does_not_fit_is_refused_and_leaves_no_run(runner: Runner) -> None:
    with pytest.raises(StepwiseError):
        runner.start(templates.build("tiny", vocab_size=3), config())

    assert jobs.runs(locations.runs()) == []
    assert runner.folder is None


def test_what_a_run_writes_is_read_once(runner: Runner) -> None:
    folder = new_run(locations.runs(), state="stopped")
    append(folder, loss(1), loss(2), cut='{"step": 3, "lo')

    runner.follow(folder)
    first = runner.revision
    runner.poll()

    assert (runner.step, runner.revision) == (2, first)
    append(folder, cut='ss": 0.5}\n')
    runner.poll()
    assert (runner.step, runner.revision) == (3, first + 1)


def test_of_several_runs_the_one_that_goes_on_is_followed_before_the_newest(runner: Runner) -> None:
    new_run(locations.runs(), "1", state="stopped")
    new_run(locations.runs(), "2", state="finished")

    runner.follow_newest()

    assert runner.folder == locations.runs() / "2"


def test_without_a_run_there_is_nothing_to_do(runner: Runner) -> None:
    runner.follow_newest()
    runner.poll()
    runner.stop()

    assert (runner.folder, runner.is_going, runner.is_paused, runner.step) == (None, False, False, 0)
    assert runner.seconds_left() is None
