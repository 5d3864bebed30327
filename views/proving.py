"""One background process that tries contracts for all windows, and what it has found out so far."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import OrderedDict
from contextlib import suppress
from functools import cache
from threading import Condition, Thread
from typing import IO, cast

from loguru import logger

from builder.contracts.worker import Outcome, Request, read, write
from engine.processes import buried

KEPT = 128  # outcomes
PATIENCE = 5.0  # seconds
GONE = "The process that tries contracts has ended. Check again."


class Prover:
    """Tries models one after another, the newest of each window. State: what waits, and what was found.

    A thread of its own talks to the process, which is started when it is first needed and ends with this one.

    Args:
        patience: Seconds before the first start: a server's first page and first run need the processor more.
    """

    def __init__(self, patience: float = 0.0) -> None:
        self._patience = patience
        self._changed = Condition()
        self._waiting: OrderedDict[int, Request] = OrderedDict()
        self._found: OrderedDict[Request, Outcome] = OrderedDict()
        self._thread: Thread | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, owner: int, request: Request) -> None:
        """Have a model tried; what the same owner asked before and is still waiting is dropped."""
        with self._changed:
            if request in self._found:
                return
            self._waiting[owner] = request
            self._changed.notify()
            if self._thread is None:
                self._thread = Thread(target=self._work, name="contracts", daemon=True)
                self._thread.start()

    def forget(self, request: Request) -> None:
        """Drop what was found, so that it is tried anew."""
        with self._changed:
            self._found.pop(request, None)

    def found(self, request: Request) -> Outcome | None:
        """What was found about a model; `None` if it has not been tried yet."""
        with self._changed:
            return self._found.get(request)

    def end(self) -> None:
        """End the process; another is started when one is needed."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    cast("IO[bytes]", pipe).close()

    def _work(self) -> None:
        time.sleep(self._patience)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                _, request = self._waiting.popitem(last=False)
            if self.process is None or self.process.poll() is not None:
                self.end()
                self.process = _start()
            outcome = _answer(self.process, request)
            with self._changed:
                self._found[request] = outcome
                while len(self._found) > KEPT:
                    self._found.popitem(last=False)


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "builder.contracts.worker"]
    return buried(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))


def _answer(process: subprocess.Popen[bytes], request: Request) -> Outcome:
    try:
        write(cast("IO[bytes]", process.stdin), request)  # type: ignore[arg-type]
        return cast(Outcome, read(cast("IO[bytes]", process.stdout)))  # type: ignore[arg-type]
    except (EOFError, OSError) as error:
        logger.warning("Contracts: the process has ended ({})", error)
        process.kill()
        return Outcome(problem=GONE)


@cache
def prover() -> Prover:
    """The one of this server."""
    return Prover(patience=PATIENCE)
