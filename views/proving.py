"""One background process that tries contracts for all windows, and what it has found out so far."""

from __future__ import annotations

import subprocess
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Condition, Event, Thread, Timer
from typing import IO, cast

from loguru import logger

from builder.contracts.worker import Outcome, Request, read, write
from engine.processes import buried, command, environment

KEPT = 128  # outcomes
PATIENCE = 5.0  # seconds
LIMIT = 120.0  # seconds that one model may take
THOROUGH = 5  # times that, where it is also trained
FAILED = "Contracts cannot be tried: {}. Check again; the server's log has more."
GONE = "The process that tries contracts has ended. Check again."


class Prover:
    """Tries models one after another, the newest of each window. State: what waits, and what was found.

    A thread of its own talks to the process, which is started when it is first needed and ends with this one.

    Args:
        patience: Seconds before the first start: a server's first page and first run need the processor more.
        limit: Seconds that trying one model may take: others wait for it, so it is ended then.
    """

    def __init__(self, patience: float = 0.0, limit: float = LIMIT) -> None:
        self._patience, self._limit = patience, limit
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
            outcome = self._try(request)
            with self._changed:
                self._found[request] = outcome
                while len(self._found) > KEPT:
                    self._found.popitem(last=False)

    def _try(self, request: Request) -> Outcome:
        """What the process says of a model, or why it says nothing; after that another process is asked."""
        limit, late = self._limit * (THOROUGH if request.thorough else 1), Event()
        try:
            if self.process is None or self.process.poll() is not None:
                self.end()
                self.process = _start()
            with _ended_after(limit, self.process, late):
                return _answer(self.process, request)
        except (EOFError, BrokenPipeError):
            problem = _too_long(limit) if late.is_set() else GONE
            logger.warning("Contracts: {}", problem)
        except Exception as error:  # noqa: BLE001 -- all windows wait for this thread
            problem = FAILED.format(error)
            logger.opt(exception=error).error("Contracts cannot be tried.")
        self.end()
        return Outcome(problem=problem)


def _start() -> subprocess.Popen[bytes]:
    words, pipe = command("builder.contracts.worker"), subprocess.PIPE
    return buried(subprocess.Popen(words, stdin=pipe, stdout=pipe, env=environment()))


def _answer(process: subprocess.Popen[bytes], request: Request) -> Outcome:
    write(cast("IO[bytes]", process.stdin), request)  # type: ignore[arg-type]
    return cast(Outcome, read(cast("IO[bytes]", process.stdout)))  # type: ignore[arg-type]


@contextmanager
def _ended_after(limit: float, process: subprocess.Popen[bytes], late: Event) -> Iterator[None]:
    """End a process, and set `late`, if what is done meanwhile takes longer than `limit` seconds."""

    def end() -> None:
        late.set()
        process.kill()

    timer = Timer(limit, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _too_long(limit: float) -> str:
    return (
        f"Trying the contracts took longer than {limit:g} s and was ended. Use fewer blocks outside of repeated "
        "composites, or run `stepwise validate --contracts`, which has no such limit."
    )


@cache
def prover() -> Prover:
    """The one of this server."""
    return Prover(patience=PATIENCE)
