"""Runs as processes of their own: start, command, watch, and bury the dead.

A run's process belongs to nobody: it goes on when the app dies, and every process that knows its folder can
command it. All that is known of it is in the folder's `status.json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from loguru import logger

from engine import channel, checkpoints
from engine.channel import COMMANDS_FILE, METRICS_FILE
from engine.errors import RunError
from engine.launchers.launcher import Launcher
from engine.launchers.local import HERE
from engine.messages import Command, Event
from engine.processes import is_there
from engine.runs import folders
from engine.status import Status, change_status, read_status
from engine.worker import Target, work

TARGET = "builder.run:train_document"
PATIENCE = 60.0  # seconds that a new process may take to say that it is there


def start(folder: Path, target: str = TARGET, launcher: Launcher = HERE, first: Sequence[Command] = ()) -> None:
    """Start a run, or let it go on from its newest checkpoint, in a process of its own. Returns at once.

    Args:
        folder: The run.
        target: `module:function`, which is given the folder and a channel.
        launcher: Where the process comes from.
        first: Commands that it finds when it comes, so that they are obeyed before the first step.

    Raises:
        RunError: If it is going already, or the folder is no run.
    """
    _announce(folder)
    for command in first:
        channel.send(folder, command)
    launcher.launch(folder.resolve(), target)


def run_here(folder: Path, target: str | Target = TARGET, listener: Callable[[Event], None] | None = None) -> Status:
    """Do a run in this process, as the command line does.

    Args:
        folder: The run.
        target: What to do.
        listener: Also told every event.

    Returns:
        The status at its end; a failure is in there.

    Raises:
        RunError: If it is going already, or the folder is no run.
    """
    _announce(folder)
    return work(folder, target, listener)


def _announce(folder: Path) -> None:
    """Note that a process is coming, unless another is or comes; commands given from now on are for it."""
    commands = folder / COMMANDS_FILE
    size = commands.stat().st_size if commands.exists() else 0
    change_status(
        folder, check=partial(_check_idle, folder), state="queued", started=time.time(), ended=0.0, pid=0,
        pid_created=0.0, commands_from=size, reason="",
    )  # fmt: skip


def check_idle(folder: Path) -> None:
    """See whether a run can be started.

    Raises:
        RunError: If it is going already, or the folder is no run.
    """
    _check_idle(folder, read_status(folder))


def _check_idle(folder: Path, status: Status) -> None:
    if _is_alive(status):
        raise RunError(f"{folder.name} is running already. Pause or stop it, or start another run.")


def send(folder: Path, command: Command) -> None:
    """Tell a run something; it obeys after its current step.

    Raises:
        RunError: If the run has no process that could obey.
    """
    if not alive(folder):
        state = reap(folder).state
        raise RunError(f"{folder.name} is not running (it is {state}). Resume it first.")
    channel.send(folder, command)


def alive(folder: Path) -> bool:
    """Whether the run has a process, or one is coming.

    Raises:
        RunError: If the folder is no run.
    """
    return _is_alive(read_status(folder))


def _is_alive(status: Status) -> bool:
    if not status.is_going:
        return False
    if not status.pid:
        return time.time() - status.started < PATIENCE
    return is_there(status.pid, status.pid_created)


def reap(folder: Path) -> Status:
    """Read the status; if the run's process is gone without a word, say so in it first.

    Raises:
        RunError: If the folder is no run.
    """
    status = read_status(folder)
    if not status.is_going or not status.started or _is_alive(status):
        return status
    ended, reason = _last_sign(folder), _epitaph(folder, status)
    found = change_status(folder, seen=status, state="failed", ended=ended, reason=reason)  # it may have ended properly
    if found.reason == reason:
        logger.bind(run=folder.name).warning("The process of this run is gone.")
    return found


def _last_sign(folder: Path) -> float:
    metrics = folder / METRICS_FILE
    return metrics.stat().st_mtime if metrics.exists() else time.time()


def _epitaph(folder: Path, status: Status) -> str:
    if not status.pid:
        return "Its process never began. Resume tries again."
    steps = checkpoints.steps(folder)
    rest = f"Resume goes on from step {steps[-1]}." if steps else "Resume starts it anew."
    return f"Its process ended without a word: killed, out of memory, or the machine went down. {rest}"


def runs(root: Path) -> list[tuple[Path, Status]]:
    """All runs below `root` with their true status, the newest first; so an app reattaches to them."""
    found = []
    for folder in folders(root):
        try:
            found.append((folder, reap(folder)))
        except RunError as error:
            _warn_once(str(error))
    return found


@lru_cache(maxsize=1024)
def _warn_once(text: str) -> None:
    """Say in the log what is wrong with a folder; panes ask for all runs several times a second."""
    logger.warning("{}", text)


def wait(folder: Path, timeout: float = 60.0) -> Status:
    """Wait until a run has ended.

    Args:
        folder: The run.
        timeout: Seconds.

    Raises:
        RunError: If it still goes on.
    """
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        status = reap(folder)
        if not status.is_going:
            return status
        time.sleep(0.02)
    raise RunError(f"{folder.name} still runs after {timeout:g} s. Wait longer, or stop it.")
