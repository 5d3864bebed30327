"""The inside of a run's process: say that it is there, do the work, and report what went wrong."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psutil
from loguru import logger

from engine.channel import FolderChannel
from engine.errors import StepwiseError
from engine.messages import Evaluated, Event, Failed, Sampled, StepDone
from engine.runs import LOG_FILE
from engine.status import Status, change_status, read_status

Target = Callable[[Path, FolderChannel], object]


def work(folder: Path, target: str | Target, listener: Callable[[Event], None] | None = None) -> Status:
    """Do a run in this process.

    A failure is written to the status, its traceback to `log.txt` only. SIGTERM and Ctrl+C stop the run after
    its current step.

    Args:
        folder: The run.
        target: `module:function` or a function; it is given the folder and a channel.
        listener: Also told every event.

    Returns:
        The status at its end.
    """
    change_status(folder, pid=os.getpid(), pid_created=psutil.Process().create_time())

    def hear(event: Event) -> None:
        _note(event)
        if listener:
            listener(event)

    channel = FolderChannel(folder, hear)
    with _log(folder), _signals(channel):
        try:
            _load(target)(folder, channel)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the user must see it
            logger.opt(exception=True).error("The run failed.")
            channel.publish(Failed(step=channel.step, reason=reason_of(error)))
    channel.close()
    return read_status(folder)


def _note(event: Event) -> None:
    """Say in the log what has happened; single steps are in the metrics."""
    match event:
        case StepDone() | Sampled():
            return
        case Evaluated():
            words = ", ".join(f"{name} {value:.4g}" for name, value in event.metrics.items())
        case _:
            words = event.type
    logger.info("Step {}: {}", event.step, words)


def reason_of(error: Exception) -> str:
    """One sentence or two for the user, without a traceback."""
    if isinstance(error, StepwiseError):
        return str(error)
    first = (str(error).strip().splitlines() or [""])[0]
    if isinstance(error, MemoryError) or "out of memory" in first or "can't allocate memory" in first:
        return f"Out of memory: {first} Lower batch_size, or make the model smaller."
    return f"{type(error).__name__}: {first} The traceback is in {LOG_FILE}."


def detach(folder: Path, target: str) -> None:
    """Be the process of a run and nothing else: no terminal, output to its log. Does not return."""
    _redirect(folder / LOG_FILE)
    logger.remove()  # the log has its own sink
    code = 1
    try:
        code = 0 if work(folder, target).state in ("finished", "stopped") else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: Path) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)


def _load(target: str | Target) -> Target:
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    function: Target = getattr(import_module(module), name)
    return function


@contextmanager
def _log(folder: Path) -> Iterator[None]:
    """Let the log of this process go to the run's file as well."""
    sink = logger.add(folder / LOG_FILE, level="DEBUG", format="{time:HH:mm:ss} {level} {message}")
    try:
        yield
    finally:
        logger.remove(sink)


@contextmanager
def _signals(channel: FolderChannel) -> Iterator[None]:
    """Let SIGTERM and Ctrl+C stop the run after its current step."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signs = (signal.SIGTERM, signal.SIGINT)
    before = {sign: signal.signal(sign, lambda *_: channel.stop_soon()) for sign in signs}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


if __name__ == "__main__":
    detach(Path(sys.argv[1]), sys.argv[2])
