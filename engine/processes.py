"""Processes: is one still the one that was meant, how helpers of ours are started, and how they are buried."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import AnyStr

import psutil

SAME = 1.0  # seconds that two readings of a process's start may differ
SOURCE = Path(__file__).parents[1]  # the folder of our packages


def created(pid: int) -> float:
    """When a process was made, in seconds since 1970; 0 if it is gone, or `pid` is 0."""
    try:
        process = psutil.Process(pid) if pid > 0 else None
        there = process is not None and process.status() != psutil.STATUS_ZOMBIE
        return float(process.create_time()) if process and there else 0.0
    except psutil.NoSuchProcess:
        return 0.0


def is_there(pid: int, since: float) -> bool:
    """Whether the process is there that had this number and was made then; a zombie is gone.

    Args:
        pid: Its number; 0 is none.
        since: What `created` said of it.
    """
    now = created(pid)
    return now > 0 and abs(now - since) < SAME


def command(module: str, *words: str) -> list[str]:
    """What runs a module in an interpreter of its own; one of ours needs `environment`, too.

    Args:
        module: Its name.
        words: Its arguments.
    """
    return [sys.executable, "-m", module, *words]


def environment(**more: str) -> dict[str, str]:
    """The variables of a helper: ours, `more`, and where our packages are, wherever it is started."""
    paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


def buried(process: subprocess.Popen[AnyStr]) -> subprocess.Popen[AnyStr]:
    """Have a helper buried as soon as it ends, whoever ends it: a thread waits for it, so that no zombie is left.

    Others may still `poll`, `wait` and `kill` it.
    """
    Thread(target=process.wait, name=f"waits for {process.pid}", daemon=True).start()
    return process
