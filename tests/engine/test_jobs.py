"""Runs as processes: real ones, killed, commanded and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import torch
from loguru import logger

from engine import checkpoints, jobs
from engine.curves import MetricsTail
from engine.errors import RunError
from engine.launchers.local import Local
from engine.messages import Pause, Resume, SetLr, Step, Stop
from engine.runs import LOG_FILE, read_events
from engine.status import change_status, read_status
from tests.engine.models import TinyGPT, make_run

ROOT = Path(__file__).parent.parent.parent
TINY, SLOW = "tests.engine.models:train_tiny", "tests.engine.models:train_slowly"
ENDLESS = {"steps": 100_000, "eval_every": 100_000, "sample_every": 100_000, "checkpoint_every": 10}


@pytest.fixture(scope="module")
def launcher() -> Iterator[Local]:
    """One nursery for all tests of this file."""
    local = Local()
    local.warm_up()
    yield local
    local.close()


@pytest.fixture
def begin(tmp_path: Path, launcher: Local) -> Iterator[Callable[..., Path]]:
    """Starts runs and ends those that are left."""
    begun: list[Path] = []

    def start(target: str = TINY, folder: Path | None = None, **changes: object) -> Path:
        folder = folder or make_run(tmp_path, **changes)
        begun.append(folder)
        jobs.start(folder, target, launcher)
        return folder

    yield start
    for folder in begun:
        end(folder)


def end(folder: Path) -> None:
    """Kill a run that goes on, or is about to."""
    until(lambda: not jobs.alive(folder) or bool(read_status(folder).pid))
    if jobs.alive(folder):
        os.kill(read_status(folder).pid, signal.SIGKILL)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def steps(folder: Path) -> int:
    tail = MetricsTail(folder)
    tail.read()
    return tail.step


def losses(folder: Path) -> dict[int, str]:
    tail = MetricsTail(folder)
    tail.read()
    numbers, values = tail.columns("loss")
    return {int(step): value.hex() for step, value in zip(numbers, values.tolist(), strict=True)}


def weights(folder: Path, step: int) -> list[torch.Tensor]:
    model = TinyGPT()
    checkpoints.load_weights(folder, step, model)
    return list(model.parameters())


def test_a_run_finishes_in_another_process_that_belongs_to_nobody(begin: Callable[..., Path]) -> None:
    folder = begin()

    status = jobs.wait(folder)

    assert (status.state, status.step) == ("finished", 20)
    assert status.pid not in {
        os.getpid(),
        *(child.pid for child in psutil.Process().children(recursive=True)),
    }
    assert losses(folder).keys() == set(range(1, 21))


def test_four_kills_change_neither_a_loss_nor_a_weight(begin: Callable[..., Path]) -> None:
    changes = {"steps": 60, "checkpoint_every": 10, "sample_every": 1000, "seed": 5}
    whole, killed = begin(**changes), begin(SLOW, **changes)

    for goal in (3, 14, 29, 47):
        until(lambda goal=goal: steps(killed) >= goal)
        pid = read_status(killed).pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not jobs.alive(killed))
        assert jobs.reap(killed).state == "failed"
        begin(SLOW, killed)
        until(lambda pid=pid: read_status(killed).pid not in (0, pid))
    jobs.wait(whole)
    jobs.wait(killed)

    started = [event["step"] for event in read_events(killed, "started")]
    assert len(started) == 5
    assert started[1:] == sorted(started[1:])
    assert losses(killed) == losses(whole)
    assert all(torch.equal(a, b) for a, b in zip(weights(killed, 60), weights(whole, 60), strict=True))


def test_pause_step_resume_and_stop_are_obeyed(begin: Callable[..., Path]) -> None:
    folder = begin(SLOW, **ENDLESS)
    until(lambda: steps(folder) >= 3)

    jobs.send(folder, Pause())
    until(lambda: read_status(folder).state == "paused")
    held = steps(folder)
    time.sleep(0.3)
    assert steps(folder) == held == checkpoints.steps(folder)[-1]

    jobs.send(folder, Step(count=2))
    until(lambda: steps(folder) == held + 2)
    time.sleep(0.1)
    assert steps(folder) == held + 2

    jobs.send(folder, SetLr(lr=0.5))
    jobs.send(folder, Resume())
    until(lambda: steps(folder) > held + 2)
    jobs.send(folder, Stop())
    status = jobs.wait(folder)
    assert status.state == "stopped"
    assert status.step == steps(folder) == checkpoints.steps(folder)[-1]
    assert [event["lr"] for event in read_events(folder, "lr_set")] == [0.5]


def test_a_stop_right_after_the_start_is_not_lost(begin: Callable[..., Path]) -> None:
    folder = begin(SLOW, **ENDLESS)

    jobs.send(folder, Stop())

    assert jobs.wait(folder).state == "stopped"
    assert steps(folder) == 0


def test_a_crash_says_why_and_keeps_its_traceback_in_the_log(begin: Callable[..., Path]) -> None:
    folder = begin("tests.engine.models:fail_at_once")

    status = jobs.wait(folder)

    assert status.state == "failed"
    assert status.reason.startswith("ZeroDivisionError: the block divides by nothing")
    assert "Traceback" not in status.reason
    assert (folder / LOG_FILE).read_text().count("Traceback") == 1


def test_a_run_that_is_killed_is_found_dead_and_harms_no_other(begin: Callable[..., Path]) -> None:
    dead, living = begin("tests.engine.models:die_at_once"), begin()

    until(lambda: bool(read_status(dead).pid) and not jobs.alive(dead))

    found = {folder.name: status for folder, status in jobs.runs(dead.parent)}
    assert found[dead.name].state == "failed"
    assert "ended without a word" in found[dead.name].reason
    assert jobs.wait(living).state == "finished"


def test_a_run_outlives_the_app_and_obeys_the_next_one(tmp_path: Path) -> None:
    folder = make_run(tmp_path, **ENDLESS)
    app = f"""
import time
from pathlib import Path
from engine import jobs
jobs.start(Path({str(folder)!r}), {SLOW!r})
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", app], cwd=ROOT)
    until(lambda: steps(folder) >= 2)

    process.kill()
    process.wait()
    before = steps(folder)
    until(lambda: steps(folder) > before + 2)
    ((found, status),) = jobs.runs(tmp_path)
    jobs.send(found, Stop())

    assert status.state == "running"
    assert jobs.wait(folder).state == "stopped"


def test_the_nursery_ends_with_the_app() -> None:
    app = """
from engine.launchers.local import HERE
HERE.warm_up()
print(HERE._nursery.pid, flush=True)
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = subprocess.run([sys.executable, "-c", app], cwd=ROOT, check=False, capture_output=True, text=True)
    nursery = int(process.stdout)

    def gone() -> bool:
        return not psutil.pid_exists(nursery) or psutil.Process(nursery).status() == psutil.STATUS_ZOMBIE

    until(gone)
    assert gone()


def test_one_folder_is_trained_by_one_process_at_a_time(begin: Callable[..., Path]) -> None:
    folder = begin(SLOW, **ENDLESS)

    with pytest.raises(RunError, match="is running already"):
        begin(SLOW, folder)


def test_a_run_that_has_ended_cannot_be_commanded(begin: Callable[..., Path]) -> None:
    folder = begin()
    jobs.wait(folder)

    with pytest.raises(RunError, match="it is finished"):
        jobs.send(folder, Pause())


def test_a_term_signal_stops_with_a_checkpoint(begin: Callable[..., Path]) -> None:
    folder = begin(SLOW, **ENDLESS)
    until(lambda: steps(folder) >= 3)

    os.kill(read_status(folder).pid, signal.SIGTERM)

    assert jobs.wait(folder).state == "stopped"
    assert checkpoints.steps(folder)[-1] == steps(folder)


def test_another_process_with_the_same_number_is_not_taken_for_the_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    change_status(folder, state="running", started=time.time(), pid=os.getpid(), pid_created=1.0)

    assert not jobs.alive(folder)
    assert jobs.reap(folder).state == "failed"


def test_a_run_whose_process_never_came_is_given_up_after_a_while(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    change_status(folder, started=time.time() - jobs.PATIENCE - 1)

    assert "never began" in jobs.reap(folder).reason


def test_a_run_that_was_made_but_not_started_is_left_alone(tmp_path: Path) -> None:
    folder = make_run(tmp_path)

    assert jobs.reap(folder).state == "queued"


def test_a_folder_that_is_no_run_is_left_out(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "status.json").write_text("{broken")

    assert [found for found, _ in jobs.runs(tmp_path)] == [folder]


def test_a_folder_that_is_no_run_is_warned_of_once(tmp_path: Path) -> None:
    said: list[str] = []
    sink = logger.add(said.append, level="WARNING", format="{message}")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status.json").write_text("{broken")

    for _ in range(3):
        jobs.runs(tmp_path)
    logger.remove(sink)

    assert sorted(text.split()[0] for text in said) == [str(tmp_path / "one"), str(tmp_path / "two")]


class Counting:
    """Launches nothing. Holds which runs it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    def warm_up(self) -> None:
        """Nothing is to be got ready."""

    def launch(self, folder: Path, target: str) -> None:  # noqa: ARG002 -- a launcher's signature
        """Remember it."""
        self.asked.append(folder)


def test_of_two_that_start_one_run_at_once_one_is_refused(tmp_path: Path) -> None:
    launcher, both = Counting(), threading.Barrier(2)
    folders = [make_run(tmp_path) for _ in range(20)]

    def start_all() -> int:
        refused = 0
        for folder in folders:
            both.wait()
            try:
                jobs.start(folder, TINY, launcher)
            except RunError:
                refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        refused = sum(done.result() for done in [pool.submit(start_all) for _ in range(2)])

    assert (sorted(launcher.asked), refused) == (sorted(folder.resolve() for folder in folders), 20)
