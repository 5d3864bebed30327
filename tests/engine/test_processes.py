"""A process is known by its number and its start."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from engine.processes import buried, command, created, environment, is_there

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


SOURCES = [path for layer in ("engine", "builder", "views") for path in (ROOT / layer).rglob("*.py")]


def test_every_process_that_is_not_waited_for_is_buried() -> None:
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert "Popen(" not in text or "buried(" in text, f"{path} starts a process that may become a zombie."


def test_every_helper_of_ours_is_started_so_that_it_finds_us() -> None:
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert '"-m"' not in text or path.name == "processes.py", f"{path} should use `command`."
        starts = re.search(r"^from engine.processes import .*\bcommand\b", text, flags=re.MULTILINE)
        assert not starts or "environment(" in text, f"{path} starts a helper that may not find us."


def test_a_helper_finds_our_packages_wherever_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stranger.py").write_text("import builder, os; print(builder.__file__, os.environ['MOOD'])")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    python, *words = command("stranger")
    bare = [python, "-S", *words]  # without what is installed
    done = subprocess.run(bare, env=environment(MOOD="good"), capture_output=True, text=True, check=False)

    assert done.stdout.split() == [str(ROOT / "builder" / "__init__.py"), "good"]
