"""The mirror: copies run folders to a tracker, from outside the training process.

It reads what a run appends and writes it in batches. What it has written is noted in the folder (`engine.mirror_mark`),
so that it can be killed at any moment: points that were sent but not noted are sent again with the same step and time,
which a tracker keeps once. While the tracker is away it waits; the folder keeps everything. After a resume the steps
that a run repeats are skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from engine.channel import EVENTS_FILE, METRICS_FILE
from engine.errors import StepwiseError
from engine.jsonfiles import read_lines
from engine.mirror_mark import Mark, read_mark, write_mark
from engine.status import GOING, STATUS_FILE, TRAINED_FILE, State, read_status
from engine.tracking import Portrait, Tracker, TrackerAwayError, TrackerRefusesError

if TYPE_CHECKING:
    from engine.export import ExportBundle

KEPT_FILES = (METRICS_FILE, EVENTS_FILE, "config.json", "log.txt")
IDLE = 4  # times longer between two looks while no run goes on
LONGEST_PAUSE = 60.0  # seconds between two tries while the tracker is away

Portrayer = Callable[[Path], Portrait]
Bundler = Callable[[Path], "ExportBundle"]
Aliveness = Callable[[Path], bool]


class Mirror:
    """Follows run folders. Holds only what can be found again: the time of each folder's last look.

    Args:
        tracker: Where to write.
        store: Its name, noted in the folders; another name starts anew.
        portray: Gives what is known of a run at its start.
        bundle: Gives the model of an ended run; without it no model is stored.
        alive: Whether a run's process is there; a run without one has failed.
    """

    def __init__(
        self,
        tracker: Tracker,
        *,
        store: str,
        portray: Portrayer,
        bundle: Bundler | None = None,
        alive: Aliveness = lambda _: True,
    ) -> None:
        self.tracker = tracker
        self._store = store
        self._portray = portray
        self._bundle = bundle
        self._alive = alive
        self._done: dict[Path, int] = {}
        self._reaped = False

    def sync(self, root: Path) -> bool:
        """Bring every run below `root` up to date, a piece each; at first, close runs that are gone.

        Returns:
            Whether anything is going on or left to write.

        Raises:
            TrackerAwayError: If the tracker does not answer.
        """
        folders = [entry for entry in root.iterdir() if _is_ours(entry)]
        if folders and not self._reaped:
            self.reap(root)
            self._reaped = True
        busy = [self.follow(folder) for folder in folders]
        return any(busy)

    def follow(self, folder: Path) -> bool:
        """Write what one run has new.

        Returns:
            False once the run has ended and all of it is written.

        Raises:
            TrackerAwayError: If the tracker does not answer.
        """
        stamp = 0
        try:
            stamp = (folder / STATUS_FILE).stat().st_mtime_ns
            if self._done.get(folder) == stamp:
                return False
            busy = self._follow(folder)
        except TrackerRefusesError as error:
            logger.bind(run=folder.name).warning("Mirroring of this run ends: {}", error)
            mark = read_mark(folder, self._store) or Mark(store=self._store, run_id="", base=0)
            write_mark(folder, replace(mark, refused=str(error)))
            busy = False
        except TrackerAwayError:
            raise
        except (StepwiseError, OSError) as error:
            logger.bind(run=folder.name).warning("This run cannot be mirrored: {}", error)
            busy = False
        except Exception as error:  # noqa: BLE001 -- whatever a run's files hold, the others must go on
            logger.bind(run=folder.name).opt(exception=error).error("This run cannot be mirrored.")
            busy = False
        if not busy:
            self._done[folder] = stamp
        return busy

    def _follow(self, folder: Path) -> bool:
        if not read_status(folder).started:
            return False
        mark, state = self._mark(folder), self._state(folder)
        if mark.refused:
            return False
        if state in GOING:
            self._copy(folder, self._say(folder, mark, state))
            return True
        mark, more = self._copy(folder, mark)
        news = more or mark.state != state
        while more:
            mark, more = self._copy(folder, mark)
        if news:
            self._finish(folder, mark, state)
        return False

    def _mark(self, folder: Path) -> Mark:
        """Read the mark, or introduce the run to the tracker."""
        known = read_mark(folder, self._store)
        if known:
            return known
        portrait = self._portray(folder)
        run_id = self.tracker.begin(portrait)
        address = self.tracker.address(run_id)
        mark = Mark(store=self._store, run_id=run_id, base=portrait.started, address=address)
        return write_mark(folder, mark)

    def _state(self, folder: Path) -> State:
        """The run's state; one that should be going but has no process has failed."""
        state = read_status(folder).state
        return "failed" if state in GOING and not self._alive(folder) else state

    def _say(self, folder: Path, mark: Mark, state: State) -> Mark:
        """Tell the tracker how the run is, if it changed."""
        if mark.state == state:
            return mark
        self.tracker.set_state(mark.run_id, state)
        return write_mark(folder, replace(mark, state=state))

    def _copy(self, folder: Path, mark: Mark) -> tuple[Mark, bool]:
        """Write the next lines; also tell whether there are more."""
        lines, offset = read_lines(folder / METRICS_FILE, mark.offset)
        if offset == mark.offset:
            return mark, False
        mark, points = mark.after(lines, offset)
        if points:
            self.tracker.log(mark.run_id, points)
        return write_mark(folder, mark), True

    def _finish(self, folder: Path, mark: Mark, state: State) -> Mark:
        """Store the files and the model of a run that has ended, then its end."""
        for name in KEPT_FILES:
            if (folder / name).exists():
                self.tracker.attach(mark.run_id, folder / name)
        mark = self._store_model(folder, mark)
        ended = int(1000 * (read_status(folder).ended or time.time()))
        self.tracker.set_state(mark.run_id, state, ended)
        return write_mark(folder, replace(mark, state=state))

    def _store_model(self, folder: Path, mark: Mark) -> Mark:
        checkpoints = sorted((folder / "checkpoints").glob("step-*"))
        step = int(checkpoints[-1].name.removeprefix("step-")) if checkpoints else -1
        if self._bundle is None or step <= mark.model:
            return mark
        try:
            self.tracker.add_model(mark.run_id, self._bundle(folder))
        except (TrackerAwayError, TrackerRefusesError):
            raise
        except (StepwiseError, RuntimeError) as error:
            logger.bind(run=folder.name).warning("The run's model is not mirrored: {}", error)
        return write_mark(folder, replace(mark, model=step))

    def watch(self, look: Callable[[], bool], stop: Callable[[], bool], every: float = 0.5) -> None:
        """Look again and again until nothing is going on and `stop()`.

        Args:
            look: `sync` or `follow`; whether something goes on. While the tracker is away, nothing does.
            stop: Whether we may end.
            every: Seconds between two looks; more while nothing goes on or the tracker is away.
        """
        pause = every
        while True:
            try:
                busy = look()
                pause = every if busy else IDLE * every
            except TrackerAwayError as error:
                busy, pause = False, min(2 * pause, LONGEST_PAUSE)
                logger.warning("Next try in {:.0f} s. {}", pause, error)
            if not busy and stop():
                return
            time.sleep(pause)

    def reap(self, root: Path) -> list[str]:
        """Close runs that the tracker believes to be going though their folder below `root` is gone.

        Returns:
            Their ids, without those that the tracker refuses to close.
        """
        try:
            going = self.tracker.left_running()
        except TrackerRefusesError as error:
            logger.warning("Runs without a folder stay open: {}", error)
            return []
        home = root.resolve()
        lost = [i for i, folder in going.items() if Path(folder).parent == home and not Path(folder).exists()]
        return [run_id for run_id in lost if self._close(run_id)]

    def _close(self, run_id: str) -> bool:
        """Say that a run has failed; whether the tracker took it."""
        try:
            self.tracker.set_state(run_id, "failed", int(time.time() * 1000))
        except TrackerRefusesError as error:
            logger.warning("The run {} without a folder stays open: {}", run_id, error)
            return False
        return True


def _is_ours(folder: Path) -> bool:
    """Whether a folder is a run that was trained here."""
    return (folder / STATUS_FILE).exists() and not (folder / TRAINED_FILE).exists()
