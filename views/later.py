"""Writing to disk in the background, so that no gesture waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from loguru import logger

from engine.errors import StepwiseError

DELAY = 0.25  # seconds from a change to its writing
AGAIN = 3.0  # seconds to the next try after the disk has refused
T = TypeVar("T")


class Later(Generic[T]):
    """Writes a value a quarter of a second after it came; a newer one takes its place. Holds the one that waits.

    Args:
        write: Writes one; may raise what the disk or a document refuses.
    """

    def __init__(self, write: Callable[[T], object]) -> None:
        self._write = write
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        self._pending: list[T] = []  # none or one
        self.problem = ""  # why the last writing failed

    def put(self, value: T) -> None:
        """Write `value` soon."""
        with self._lock:
            self._pending = [value]
            self._write_in(DELAY)

    def _write_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Write what waits, now; what the disk refuses waits on and is tried again."""
        with self._writing:
            waiting = self._take()
            for value in waiting:
                try:
                    self._write(value)
                    self.problem = ""
                except (StepwiseError, OSError) as error:
                    self.problem = str(error)
                    logger.error("The work cannot be autosaved: {}", error)
                    with self._lock:
                        self._pending = self._pending or waiting
                        self._write_in(AGAIN)

    def drop(self) -> None:
        """Forget what waits; what is being written is waited for."""
        with self._writing:
            self._take()

    def _take(self) -> list[T]:
        with self._lock:
            waiting, self._pending, self._timer = self._pending, [], None
            return waiting
