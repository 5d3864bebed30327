"""A process is known by its number and its start."""

from __future__ import annotations

import os
import subprocess

import psutil

from engine.processes import created, is_there


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
