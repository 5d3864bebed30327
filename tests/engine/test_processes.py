"""A process is known by its number and its start."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from engine.processes import buried, created, is_there

ROOT = Path(__file__).parents[2]


def test_a_process_is_there_only_with_its_own_start() -> None:
    since = psutil.Process().create_time()

    assert created(os.getpid()) == since
    assert is_there(os.getpid(), since)
    assert not is_there(os.getpid(), since - 60)


def test_a_process_that_has_ended_is_gone_even_as_a_zombie() -> None:
    with subprocess.Popen(["true"]) as child:
        since = psutil.Process(child.pid).create_time()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, but not yet buried

        assert not is_there(child.pid, since)

    assert not is_there(child.pid, since)


def test_number_zero_is_no_process() -> None:
    assert created(0) == 0
    assert not is_there(0, 0)


def gone(pid: int) -> bool:
    """Whether there is not even a zombie of a process soon."""
    until = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not psutil.pid_exists(pid)


@pytest.mark.parametrize("end", [None, signal.SIGTERM, signal.SIGKILL])
def test_a_helper_that_ends_leaves_no_zombie_though_nobody_asks(end: signal.Signals | None) -> None:
    helper = buried(subprocess.Popen(["true"] if end is None else ["sleep", "60"]))

    if end is not None:
        os.kill(helper.pid, end)

    assert gone(helper.pid)
    assert helper.wait(timeout=20) == (-end if end else 0)


def test_a_helper_can_still_be_asked_and_ended() -> None:
    helper = buried(subprocess.Popen(["sleep", "60"]))

    assert helper.poll() is None
    helper.kill()

    assert helper.wait(timeout=20) == -signal.SIGKILL


def test_every_process_that_is_not_waited_for_is_buried() -> None:
    for path in [path for layer in ("engine", "builder", "views") for path in (ROOT / layer).rglob("*.py")]:
        text = path.read_text("utf-8")
        assert "Popen(" not in text or "buried(" in text, f"{path} starts a process that may become a zombie."
