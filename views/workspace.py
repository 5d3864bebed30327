"""Where a user's work is kept on disk: the autosaved graph, and the graphs saved by name."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from loguru import logger

from builder.document import Document
from builder.names import slug
from builder.store import load, save
from engine import locations
from engine.errors import FileError, StepwiseError

DELAY = 0.25  # seconds from an edit to its autosave
AGAIN = 3.0  # seconds to the next try after the disk has refused


class Workspace:
    """Holds a folder; writes in the background so that no gesture waits for the disk.

    Args:
        folder: Its place; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models.mkdir(parents=True, exist_ok=True)
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        self._pending: Document | None = None
        self.problem = ""  # why the last autosave failed
        self.broken: Path | None = None  # where an autosaved graph was kept that could not be read

    @property
    def models(self) -> Path:
        """Graphs saved by name."""
        return self.folder / "models"

    @property
    def current(self) -> Path:
        """The autosaved graph."""
        return self.folder / "current.json"

    def restore(self) -> Document | None:
        """The graph as it was last, or `None` at the first start.

        A file that cannot be read is kept beside as `current.broken-….json`, so nothing is lost.
        """
        if not self.current.exists():
            return None
        try:
            return load(self.current)
        except FileError as error:
            aside = self.current.with_name(f"current.broken-{datetime.now():%Y%m%d-%H%M%S}.json")
            self.current.replace(aside)
            self.broken = aside
            logger.warning("The autosaved graph cannot be read and was kept as {}: {}", aside, error)
            return None

    def autosave(self, document: Document) -> None:
        """Write `document` within a quarter of a second; a newer one replaces it."""
        with self._lock:
            self._pending = document
            self._write_in(DELAY)

    def _write_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Write what waits, now; what the disk refuses waits on and is tried again.

        A gesture never waits for this: the disk may take seconds.
        """
        with self._writing:
            with self._lock:
                document, self._pending, self._timer = self._pending, None, None
            if document is None:
                return
            try:
                save(document, self.current)
                self.problem = ""
            except (FileError, OSError) as error:
                self.problem = str(error)
                logger.error("The graph cannot be autosaved: {}", error)
                with self._lock:
                    self._pending = self._pending or document
                    self._write_in(AGAIN)

    def keep_weights(self, weights: Path | None) -> None:
        """Remember the file of weights that the current graph was opened with."""
        if weights is None:
            self._weights.unlink(missing_ok=True)
        else:
            self._weights.write_text(str(weights.resolve()), "utf-8")

    def weights(self) -> Path | None:
        """The file of weights that the current graph was opened with, if it is still there."""
        try:
            path = Path(self._weights.read_text("utf-8"))
        except OSError:
            return None
        return path if path.is_file() else None

    @property
    def _weights(self) -> Path:
        return self.folder / "current.weights"

    def saved(self) -> list[Path]:
        """Saved graphs, the newest first."""
        return sorted(self.models.glob("*.json"), key=lambda path: -path.stat().st_mtime)

    def save_as(self, name: str, document: Document) -> Path:
        """Write `document` under `name`.

        Raises:
            StepwiseError: If the name holds no letter or digit.
        """
        path = self.path_of(name)
        save(document, path)
        return path

    def path_of(self, name: str) -> Path:
        """The file that a graph called `name` is kept in.

        Raises:
            StepwiseError: If the name holds no letter or digit.
        """
        if not any(c.isalnum() for c in name):
            raise StepwiseError(f"{name!r} cannot be the name of a file. Use letters and digits.")
        return self.models / f"{slug(name)}.json"


def folder_of(user: str) -> Path:
    """Where a user's graphs are kept."""
    return locations.artifacts() / "workspaces" / user
