"""A process that has the libraries loaded and forks a child for every run: it then begins in 0.1 s, not 4.

`python -m engine.launchers.nursery MODULES…` reads one request a line, `{"folder": …, "target": …}`, and ends
with its input, that is with the app. Children are forked twice into sessions of their own, so they stay. It
computes nothing itself: threads and GPU contexts do not survive a fork. multiprocessing's forkserver is not
used, because its children import the app's main module again and keep a pipe to it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from engine.worker import detach

NICE = 10  # the window's server comes first


def main(modules: list[str]) -> None:
    """Load `modules`, then serve requests until the input ends."""
    os.nice(NICE)
    for module in modules:
        with suppress(Exception):  # the run that needs it will say so
            import_module(module)
    gc.freeze()  # children share these pages
    for line in sys.stdin:
        request = json.loads(line)
        _fork(Path(request["folder"]), request["target"])


def _fork(folder: Path, target: str) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    detach(folder, target)


if __name__ == "__main__":
    main(sys.argv[1:])
