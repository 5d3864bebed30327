"""The status of a run: a small file that its process writes, and the app when there is no process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import RunError
from engine.jsonfiles import read_json, write_json

STATUS_FILE = "status.json"
TRAINED_FILE = "trained.json"  # in folders that hold a model trained elsewhere and no run of ours
State = Literal["queued", "running", "paused", "finished", "stopped", "failed"]
GOING: tuple[State, ...] = ("queued", "running", "paused")


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a run says of itself, and what the app says of it while it has no process.

    Args:
        id: Name of its folder.
        name: What the user calls it.
        task: What it trains for.
        state: Where it is between queued and its end.
        step: Steps done when this was written; the metrics know better while it runs.
        steps: Steps to do.
        created: Seconds since 1970.
        started: When its process began last; 0 if never.
        ended: When that ended; 0 if it goes on.
        pid: Its process, 0 if none.
        pid_created: When that process was made, so that another one with the same number is no mistake.
        commands_from: Bytes of the command file that are from before the last start.
        reason: Why it failed.
    """

    id: str
    name: str
    task: str
    state: State = "queued"
    step: int = 0
    steps: int = 0
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    pid: int = 0
    pid_created: float = 0.0
    commands_from: int = 0
    reason: str = ""

    @property
    def is_going(self) -> bool:
        """Whether its process is there or about to be."""
        return self.state in GOING


def read_status(folder: Path) -> Status:
    """The status of a run.

    Raises:
        RunError: If the folder is no run.
    """
    data = read_json(folder / STATUS_FILE)
    known = {field.name for field in fields(Status)}
    try:
        return Status(**{name: value for name, value in data.items() if name in known})
    except TypeError:
        raise RunError(f"{folder} is no run: it has no readable {STATUS_FILE}. Name a folder of a run.") from None


def write_status(folder: Path, status: Status) -> None:
    """Replace the status in one go."""
    write_json(folder / STATUS_FILE, asdict(status))


def change_status(folder: Path, **changes: Any) -> Status:
    """Read the status, change some fields and write it."""
    status = replace(read_status(folder), **changes)
    write_status(folder, status)
    return status


def rename(folder: Path, name: str) -> None:
    """Call the run something else.

    Raises:
        RunError: If the name is empty.
    """
    if not name.strip():
        raise RunError("A run needs a name. Type at least one character.")
    change_status(folder, name=name.strip())
