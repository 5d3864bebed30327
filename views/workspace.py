"""Where a user's work is kept on disk: the autosaved graph, its settings of runs, and the graphs saved by name."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from weakref import WeakSet

from loguru import logger

from builder.document import Document
from builder.names import file_stem, folder_name
from builder.store import load, save
from engine import locations
from engine.config import RunConfig
from engine.errors import FileError, StepwiseError
from views.later import Later
from views.setup_file import read_setup, write_setup
from views.versions import Versions

ELSEWHERE = "This graph was changed in another window."
_OPEN: WeakSet[Workspace] = WeakSet()  # those of this server's windows


class Workspace:
    """Holds a folder for one window; writes in the background so that no gesture waits for the disk.

    Other windows of the user have the same folder. None writes over a graph that it has not seen: it then is
    `behind`, keeps its own graph aside, and waits for `give_way` or `take_over`.

    Args:
        folder: Its place; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models.mkdir(parents=True, exist_ok=True)
        self._versions = Versions(self.current)
        self._graph, self._setup = Later(self._write), Later(self._write_setup)
        self._aside: Path | None = None  # where this window's graph is kept while it is behind
        self._told = False
        self.behind = False  # whether another window has written a newer graph
        self.broken: Path | None = None  # where an autosaved graph was kept that could not be read
        self.broken_setup = ""  # why the settings of runs could not be read, and where they were kept
        _OPEN.add(self)

    @property
    def models(self) -> Path:
        """Graphs saved by name."""
        return self.folder / "models"

    @property
    def kept(self) -> Path:
        """Graphs that gave way to those of other windows."""
        return self.folder / "kept"

    @property
    def current(self) -> Path:
        """The autosaved graph."""
        return self.folder / "current.json"

    @property
    def setup_file(self) -> Path:
        """The autosaved settings of runs."""
        return self.folder / "setup.json"

    @property
    def problem(self) -> str:
        """Why the work is not saved; empty if it is."""
        return ELSEWHERE if self.behind else self._graph.problem or self._setup.problem

    def restore(self) -> Document | None:
        """The graph as it was last, or `None` at the first start.

        A file that cannot be read is kept beside as `current.broken-….json`, so nothing is lost.
        """
        for other in list(_OPEN):
            if other is not self and other.folder == self.folder:
                other.flush()  # a page that is loaded anew finds its last edit
        self._versions.note()
        self.behind, self._told, self._aside = False, False, None
        if not self.current.exists():
            return None
        try:
            return load(self.current)
        except FileError as error:
            self.broken = _put_aside(self.current)
            logger.warning("The autosaved graph cannot be read and was kept as {}: {}", self.broken, error)
            return None

    def autosave(self, document: Document) -> None:
        """Write `document` within a quarter of a second; a newer one replaces it."""
        self._graph.put(document)

    def flush(self) -> None:
        """Write what waits, now; what the disk refuses waits on and is tried again."""
        self._graph.flush()
        self._setup.flush()

    def _write(self, document: Document) -> None:
        with self._versions.turn():
            if not self.behind and not self._versions.is_newer():
                save(document, self.current)
                self._versions.note()
                return
        self.behind = True
        self._keep(document)

    def _keep(self, document: Document) -> Path:
        """Write this window's graph where no other one writes."""
        self._aside = self._aside or self._fresh(document.name)
        save(document, self._aside)
        return self._aside

    def _fresh(self, name: str) -> Path:
        """A file for a graph that gives way."""
        self.kept.mkdir(exist_ok=True)
        stem, number = f"{file_stem(name)}-{datetime.now():%Y%m%d-%H%M%S}", 1
        while (path := self.kept / f"{stem}{f'-{number}' if number > 1 else ''}.json").exists():
            number += 1
        path.touch()
        return path

    def look(self) -> bool:
        """Whether it has just come out that another window has written a newer graph; true once for each."""
        self.behind = self.behind or self._versions.has_moved()
        news = self.behind and not self._told
        self._told = self.behind
        return news

    def other_name(self) -> str:
        """What the graph is called that another window has written; empty if it cannot be read."""
        try:
            return load(self.current).name
        except (FileError, OSError):
            return ""

    def give_way(self, document: Document) -> Path:
        """Keep this window's graph aside, and let go of it; `restore` then gives the other one.

        Raises:
            StepwiseError: If it cannot be kept; nothing has changed then.
        """
        self._graph.drop()
        try:
            return self._keep(document)
        except OSError as error:
            raise FileError(f"This graph cannot be kept aside: {error}. Save it under a name first.") from None

    def take_over(self, document: Document) -> Path | None:
        """Make this window's graph the autosaved one; the other one, if it is there, is kept in the file returned.

        Raises:
            StepwiseError: If that cannot be written; nothing has changed then.
        """
        self._graph.drop()
        try:
            with self._versions.turn():
                other = self.current.read_bytes() if self.current.exists() else None
                path = None if other is None else self._fresh(f"{document.name} other window")
                if path is not None and other is not None:
                    path.write_bytes(other)
                save(document, self.current)
                self._versions.note()
                aside, self._aside, self.behind, self._told = self._aside, None, False, False
        except OSError as error:
            raise FileError(f"The other window's graph cannot be kept: {error}. Try again.") from None
        if aside is not None:
            aside.unlink(missing_ok=True)
        return path

    def keep_setup(self, config: RunConfig) -> None:
        """Remember how runs are trained, like `autosave`; not while another window's graph waits to be chosen."""
        if not self.behind:
            self._setup.put(config)

    def _write_setup(self, config: RunConfig) -> None:
        with self._versions.turn():
            write_setup(self.setup_file, config)

    def setup(self, task: str) -> RunConfig:
        """How runs for `task` were trained last; as it recommends where that is not known.

        A file that cannot be read is kept beside as `setup.broken-….json`.
        """
        try:
            return read_setup(self.setup_file, task)
        except FileError as error:
            with suppress(OSError):
                aside = _put_aside(self.setup_file)
                self.broken_setup = f"{error} It was kept as {aside}."
            logger.warning("The settings of runs cannot be read: {}", error)
            return RunConfig.suited(task)

    def keep_weights(self, weights: Path | None) -> None:
        """Remember the file of weights that the current graph was opened with."""
        if self.behind:
            return
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

    def path_of(self, name: str) -> Path:
        """The file that a graph called `name` is kept in.

        Raises:
            StepwiseError: If the name holds no letter or digit.
        """
        if not any(c.isalnum() for c in name):
            raise StepwiseError(f"{name!r} cannot be the name of a file. Use letters and digits.")
        return self.models / f"{file_stem(name)}.json"


def _put_aside(path: Path) -> Path:
    """Rename a file that cannot be read, so that nothing is lost and it is out of the way."""
    aside = path.with_name(f"{path.stem}.broken-{datetime.now():%Y%m%d-%H%M%S}.json")
    return path.replace(aside)


def folder_of(user: str) -> Path:
    """Where a user's graphs are kept."""
    return locations.artifacts() / "workspaces" / folder_name(user)
