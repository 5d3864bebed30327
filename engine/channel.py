"""The two ways in which commands reach a run and events leave it.

`FolderChannel` appends to files of the run folder, so any process can command and follow a run at any time;
`MemoryChannel` is its twin for tests and scripts. What travels is in `engine.messages`.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from loguru import logger

from engine.errors import RunError
from engine.jsonfiles import read_lines
from engine.messages import (
    Command,
    Evaluated,
    Event,
    Failed,
    Pause,
    Resume,
    SetLr,
    Snapshot,
    Step,
    StepDone,
    Stop,
    read_command,
)  # fmt: skip
from engine.status import GOING, STATUS_FILE, State, change_status, read_status

__all__ = [
    "Channel", "Command", "Event", "FolderChannel", "LineWriter", "MemoryChannel", "Pause", "Resume", "SetLr",
    "Snapshot", "Step", "Stop", "send",
]  # fmt: skip

COMMANDS_FILE, EVENTS_FILE, METRICS_FILE = "commands.jsonl", "events.jsonl", "metrics.jsonl"

_STATES: dict[str, State] = {
    "started": "running", "paused": "paused", "resumed": "running",
    "finished": "finished", "stopped": "stopped", "failed": "failed",
}  # fmt: skip


class Channel(Protocol):
    """What a run is commanded by and speaks through."""

    def poll(self) -> list[Command]:
        """Commands that have come since the last call."""

    def publish(self, event: Event) -> None:
        """Say something."""


class MemoryChannel:
    """Commands and events as lists. Holds both; `script` gives commands by the step they come after."""

    def __init__(self, script: Mapping[int, list[Command]] | None = None) -> None:
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self._script = dict(script or {})
        self.commands += self._script.pop(0, [])

    def poll(self) -> list[Command]:
        """Commands that were added since the last call."""
        found, self.commands = self.commands, []
        return found

    def publish(self, event: Event) -> None:
        """Keep the event, and bring the commands of the script that follow it."""
        self.events.append(event)
        if isinstance(event, StepDone):
            self.commands += self._script.pop(event.step, [])

    def metrics(self, name: str) -> dict[int, float]:
        """One metric by step."""
        rows = (e for e in self.events if isinstance(e, StepDone | Evaluated))
        return {e.step: e.metrics[name] for e in rows if name in e.metrics}


class LineWriter:
    """Appends objects to a file of JSON lines, one write each. Holds the open file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # ends a line that a crash has cut

    def write(self, row: Mapping[str, Any]) -> None:
        """Append one line."""
        os.write(self._file, json.dumps(row).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def send(folder: Path, command: Command) -> None:
    """Append a command to a run folder; the run reads it after its current step."""
    writer = LineWriter(folder / COMMANDS_FILE)
    writer.write({**command.to_dict(), "time": time.time()})
    writer.close()


class FolderChannel:
    """Commands and events as files of a run folder. Holds open files and how far it has read.

    Args:
        folder: The run; commands from before its last start are left out.
        listener: Also told every event, in this process.
    """

    def __init__(self, folder: Path, listener: Callable[[Event], None] | None = None) -> None:
        self.folder, self._listener = folder, listener
        self._commands, self._read = folder / COMMANDS_FILE, read_status(folder).commands_from
        self._metrics = LineWriter(folder / METRICS_FILE)
        self._events = LineWriter(folder / EVENTS_FILE)
        self._signalled: list[Command] = []
        self.step = 0

    def stop_soon(self) -> None:
        """Let the next `poll` find a stop; safe to call from a signal handler."""
        self._signalled.append(Stop())

    def poll(self) -> list[Command]:
        """Commands that were appended since the last call; a line that is none is logged and left out.

        A run whose folder was removed, or all but what it was just writing, is to stop: nobody sees it any more.
        """
        found, self._signalled = self._signalled, []
        if not self._is_seen():
            return [*found, Stop()]
        if not self._commands.exists() or self._commands.stat().st_size <= self._read:
            return found
        rows, self._read = read_lines(self._commands, self._read)
        for row in rows:
            row.pop("time", None)
            try:
                found.append(read_command(row))
            except RunError as error:
                logger.warning("{}", error)
        return found

    def publish(self, event: Event) -> None:
        """Append the event to its file, and note in the status where the run is now."""
        self.step = event.step
        if isinstance(event, StepDone | Evaluated):
            finite = {name: value if math.isfinite(value) else None for name, value in event.metrics.items()}
            self._metrics.write({"step": event.step, **finite})
        if not isinstance(event, StepDone):
            self._events.write(event.to_dict())
        if event.type in _STATES:
            self._note(event)
        if self._listener:
            self._listener(event)

    def _is_seen(self) -> bool:
        return (self.folder / STATUS_FILE).exists()

    def _note(self, event: Event) -> None:
        if not self._is_seen():
            return
        state = _STATES[event.type]
        ended = 0.0 if state in GOING else time.time()
        reason = event.reason if isinstance(event, Failed) else ""
        change_status(self.folder, state=state, step=event.step, ended=ended, reason=reason)

    def close(self) -> None:
        """Close the files."""
        self._metrics.close()
        self._events.close()
