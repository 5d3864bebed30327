"""Processes on this machine, forked from one that has everything loaded."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from pathlib import Path
from threading import Lock

from engine.processes import buried, command, environment

_PRELOAD = ("torch", "torch._dynamo", "numpy", "engine.training", "builder.run")


class Local:
    """Starts runs on this machine. Holds the process that forks them, see `engine.launchers.nursery`.

    Where there is no `fork` (Windows), each run is a new interpreter, which takes seconds.
    """

    def __init__(self) -> None:
        self._nursery: subprocess.Popen[str] | None = None
        self._lock = Lock()

    def warm_up(self) -> None:
        """Start the nursery if it is not there."""
        with self._lock:
            self._ready()

    def launch(self, folder: Path, target: str) -> None:
        """Ask the nursery for a process."""
        if not hasattr(os, "fork"):
            _spawn("engine.worker", str(folder), target)
            return
        request = json.dumps({"folder": str(folder), "target": target}) + "\n"
        with self._lock:
            try:
                self._write(request)
            except BrokenPipeError:  # it was killed
                self._nursery = None
                self._write(request)

    def close(self) -> None:
        """End the nursery; runs go on."""
        with self._lock:
            if self._nursery and self._nursery.stdin:
                self._nursery.stdin.close()
                self._nursery.wait()
            self._nursery = None

    def _write(self, request: str) -> None:
        pipe = self._ready().stdin
        assert pipe is not None
        pipe.write(request)
        pipe.flush()

    def _ready(self) -> subprocess.Popen[str]:
        if self._nursery is None or self._nursery.poll() is not None:
            self._nursery = _spawn("engine.launchers.nursery", *_PRELOAD, stdin=subprocess.PIPE)
            atexit.register(self.close)
        return self._nursery


HERE = Local()  # one nursery for the whole process


def _spawn(module: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Run a module of ours in a new interpreter and session."""
    process = subprocess.Popen(
        command(module, *arguments),
        env=environment(CUBLAS_WORKSPACE_CONFIG=":4096:8"), start_new_session=True,
        stdin=stdin, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return buried(process)
