"""A file that several windows of one user write: each writes only over the version that it has seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

PATIENCE = 5.0  # seconds to wait for another window that is writing


class Versions:
    """Holds which version of a file this window has read or written last.

    Args:
        path: The file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE)
        self._mine = threading.RLock()
        self._seen: bytes | None = None
        self._stamp: tuple[int, ...] | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep all other windows from writing.

        Raises:
            OSError: If another one takes too long, or the folder cannot be written to.
        """
        with self._mine, self._lock:
            yield

    def note(self) -> None:
        """What is in the file now is known to this window."""
        self._stamp, self._seen = self._now(), self._content()

    def is_newer(self) -> bool:
        """Whether another window has written since this one read or wrote; a file that is gone is not newer."""
        now = self._now()
        if now is None or now == self._stamp:
            return False
        if self._content() != self._seen:
            return True
        self._stamp = now
        return False

    def has_moved(self) -> bool:
        """Like `is_newer`, to be asked often: never waits, and says no while this window writes itself."""
        if not self._mine.acquire(blocking=False):
            return False
        try:
            return self.is_newer()
        except OSError:
            return False
        finally:
            self._mine.release()

    def _now(self) -> tuple[int, ...] | None:
        """What changes whenever the file is replaced."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _content(self) -> bytes | None:
        try:
            return sha256(self._path.read_bytes()).digest()
        except FileNotFoundError:
            return None
