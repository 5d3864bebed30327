"""What goes into a training run and what comes out: typed commands and events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from engine.errors import RunError, UnknownNameError
from engine.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something to tell a run."""

    type: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """As one line of a file."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Pause(Command):
    """Wait after the current step."""

    type = "pause"


@dataclass(frozen=True, kw_only=True)
class Resume(Command):
    """Go on."""

    type = "resume"


@dataclass(frozen=True, kw_only=True)
class Step(Command):
    """Do `count` steps, then wait."""

    type = "step"
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Stop(Command):
    """Save a checkpoint and end."""

    type = "stop"


@dataclass(frozen=True, kw_only=True)
class SetLr(Command):
    """Change the highest learning rate; the schedule goes on."""

    type = "set_lr"
    lr: float


@dataclass(frozen=True, kw_only=True)
class Snapshot(Command):
    """Save a checkpoint now."""

    type = "snapshot"


COMMANDS: Registry[type[Command]] = Registry("command")
for _command in (Pause, Resume, Step, Stop, SetLr, Snapshot):
    COMMANDS.add(_command.type, _command)


def read_command(data: Mapping[str, Any]) -> Command:
    """Make the command that `to_dict` described.

    Raises:
        RunError: If its type or one of its fields is unknown.
    """
    fields = {name: value for name, value in data.items() if name != "type"}
    try:
        return COMMANDS[str(data.get("type"))](**fields)
    except (UnknownNameError, TypeError) as error:
        raise RunError(f"{dict(data)} is no command. {error}") from None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a run says. `step` is how many steps it has done."""

    type: ClassVar[str]
    step: int

    def to_dict(self) -> dict[str, Any]:
        """As one line of a file."""
        return {"type": self.type, "time": time.time(), **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """The run begins, or goes on after `step`."""

    type = "started"


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """It waits."""

    type = "paused"


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """It goes on."""

    type = "resumed"


@dataclass(frozen=True, kw_only=True)
class StepDone(Event):
    """The numbers of one step; a line of the metrics file."""

    type = "step"
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Evaluated(Event):
    """The numbers of a validation; also a line of the metrics file."""

    type = "evaluated"
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Sampled(Event):
    """What the model answers now: a list of {input, answer, wanted}."""

    type = "sampled"
    samples: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Checkpointed(Event):
    """A checkpoint of `step` is on disk."""

    type = "checkpointed"


@dataclass(frozen=True, kw_only=True)
class LrSet(Event):
    """The highest learning rate was changed."""

    type = "lr_set"
    lr: float


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """All steps are done."""

    type = "finished"


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """It ended early because it was told to; it can go on later."""

    type = "stopped"


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """It ended because of an error."""

    type = "failed"
    reason: str
