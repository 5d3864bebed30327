"""Reading run folders: what a run is, how far it is, its curves and its samples.

The folder is the truth. It holds `graph.json`, `config.json`, `status.json`, `metrics.jsonl`, `events.jsonl`,
`commands.jsonl`, `checkpoints/` and `log.txt`; every process may read it at any time.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

from engine import checkpoints
from engine.channel import EVENTS_FILE
from engine.config import RunConfig
from engine.errors import RunError
from engine.jsonfiles import read_json, read_lines
from engine.registry import did_you_mean
from engine.status import STATUS_FILE, Status, read_status, rename

__all__ = [
    "EventTail", "Status", "find", "folders", "fresh_name", "latest_checkpoint", "new_folder", "read_config",
    "read_events", "read_samples", "read_status", "rename",
]  # fmt: skip

CONFIG_FILE, GRAPH_FILE, LOG_FILE = "config.json", "graph.json", "log.txt"


def read_config(folder: Path) -> RunConfig:
    """How the run is trained.

    Raises:
        RunError: If the folder has no settings.
        SettingError: If a setting is unknown or does not fit.
    """
    data = read_json(folder / CONFIG_FILE)
    if not data:
        raise RunError(f"{folder} has no readable {CONFIG_FILE}, so it is no run.")
    return RunConfig.from_dict(data)


def new_folder(root: Path, task: str) -> Path:
    """Make a folder with a name that sorts by time and is not taken.

    Raises:
        RunError: If a thousand names are taken.
    """
    stem = time.strftime("%Y%m%d-%H%M%S-") + task
    for number in range(1, 1000):
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise RunError(f"{root} has a thousand runs of this second. Wait a moment.")


def fresh_name(root: Path, name: str) -> str:
    """`name`, with a number behind it if a run below `root` has it already."""
    taken = {str(read_json(folder / STATUS_FILE).get("name")) for folder in folders(root)}
    names = (name if number == 1 else f"{name} {number}" for number in itertools.count(1))
    return next(free for free in names if free not in taken)


def folders(root: Path) -> list[Path]:
    """All run folders below `root`, the newest first."""
    found = (path.parent for path in root.glob(f"*/{STATUS_FILE}"))
    return sorted(found, key=lambda folder: folder.name, reverse=True)


def find(root: Path, name: str) -> Path:
    """The run folder that `name` means: a path, the name of a folder below `root`, or `last`.

    Raises:
        RunError: If there is none; the message has the closest name.
    """
    known = {folder.name: folder for folder in folders(root)}
    if name == "last" and known:
        return next(iter(known.values()))
    for folder in (Path(name), root / name):
        if (folder / STATUS_FILE).exists():
            return folder.resolve()
    raise RunError(f"There is no run {name!r} below {root}. {did_you_mean(name, known)}")


def latest_checkpoint(folder: Path) -> int:
    """Step of the newest checkpoint.

    Raises:
        RunError: If there is none.
    """
    steps = checkpoints.steps(folder)
    if not steps:
        raise RunError(f"{folder.name} has no checkpoint yet. Let it train a moment.")
    return steps[-1]


class EventTail:
    """Follows the events of a run. Holds how far it has read."""

    def __init__(self, folder: Path) -> None:
        self._path, self._read = folder / EVENTS_FILE, 0

    def read(self) -> list[dict[str, Any]]:
        """Events since the last call: each has `type`, `time` and `step`."""
        found: list[dict[str, Any]] = []
        while True:
            rows, self._read = read_lines(self._path, self._read)
            if not rows:
                return found
            found += rows


def read_events(folder: Path, kind: str = "") -> list[dict[str, Any]]:
    """All events of a run, or those of one type."""
    return [event for event in EventTail(folder).read() if not kind or event.get("type") == kind]


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """All samples of a run: each has `step` and `samples`, a list of {input, answer, wanted}."""
    return read_events(folder, "sampled")
