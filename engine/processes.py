"""Is a process still the one that was meant? Numbers are given out again. And helpers of ours are buried here."""

from __future__ import annotations

import subprocess
from threading import Thread
from typing import AnyStr

import psutil

SAME = 1.0  # seconds that two readings of a process's start may differ


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


def buried(process: subprocess.Popen[AnyStr]) -> subprocess.Popen[AnyStr]:
    """Have a helper buried as soon as it ends, whoever ends it: a thread waits for it, so that no zombie is left.

    Others may still `poll`, `wait` and `kill` it.
    """
    Thread(target=process.wait, name=f"waits for {process.pid}", daemon=True).start()
    return process
