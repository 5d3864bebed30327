"""The status of a run: a small file that its process writes, and the app too, one of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock
from loguru import logger

from engine.errors import RunError
from engine.jsonfiles import read_json, write_json

STATUS_FILE = "status.json"
LOCK_FILE = ".status.lock"
PATIENCE = 5.0  # seconds to wait for another process that changes the status, which takes it about a millisecond
POLL = 0.002  # seconds between two looks whether it is done
LARGEST = 10**11  # of numbers in a status; as seconds since 1970, the year 5138
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
        RunError: If the folder is no run, or one that this version cannot read.
    """
    data = read_json(folder / STATUS_FILE)
    known = {field.name: str(field.type) for field in fields(Status)}
    values = {name: value for name, value in data.items() if name in known}
    for name, value in values.items():
        if not _is_sound(known[name], value):
            raise RunError(
                f"{folder} cannot be read: {name} is {value!r} in its {STATUS_FILE}. "
                "Open it with the version that wrote it, or move the folder away."
            )
    try:
        return Status(**values)
    except TypeError:
        raise RunError(f"{folder} is no run: it has no readable {STATUS_FILE}. Name a folder of a run.") from None


def _is_sound(kind: str, value: object) -> bool:
    """Whether a value is what a field of this kind may hold."""
    if kind == "State":
        return value in get_args(State)
    if kind == "str":
        return isinstance(value, str)
    numbers = (int, float) if kind == "float" else (int,)
    return isinstance(value, numbers) and not isinstance(value, bool) and 0 <= value <= LARGEST


def write_status(folder: Path, status: Status) -> None:
    """Replace the status in one go."""
    write_json(folder / STATUS_FILE, asdict(status))


def change_status(
    folder: Path, *, seen: Status | None = None, check: Callable[[Status], object] | None = None, **changes: Any
) -> Status:
    """Read the status, change some fields and write it, while nobody else does.

    Args:
        folder: The run.
        seen: Change it only if it still is this; else it is left as somebody has just written it.
        check: Called with the status before it changes; what it raises leaves it as it is.
        changes: The fields.

    Returns:
        The status as it is now.

    Raises:
        RunError: If the folder is no run.
    """
    read_status(folder)  # for the sake of a lock alone no folder is made
    with _alone(folder):
        status = read_status(folder)
        if check is not None:
            check(status)
        if seen is None or status == seen:
            status = replace(status, **changes)
            write_status(folder, status)
        return status


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have no other process change the status meanwhile; one that dies at it lets go.

    Where that does not come, because the other process is suspended or the disk knows no locks, it goes on all the
    same: no run may end or hang for this.
    """
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=PATIENCE, poll_interval=POLL)
    except (OSError, NotImplementedError) as error:
        logger.bind(run=folder.name).warning("The status is changed without a lock: {}", error)
    try:
        yield
    finally:
        lock.release()


def rename(folder: Path, name: str) -> None:
    """Call the run something else.

    Raises:
        RunError: If the name is empty.
    """
    if not name.strip():
        raise RunError("A run needs a name. Type at least one character.")
    change_status(folder, name=name.strip())
