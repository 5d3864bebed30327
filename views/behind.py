"""Slow work behind the window: in a thread or a process, told when it is done, on the page's own loop."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from threading import Thread

import panel as pn
from loguru import logger

from engine.errors import RunError, StepwiseError
from engine.processes import command, environment
from views.session import Session

LIMIT = 900.0  # seconds that a process of ours may take


def behind(
    session: Session, work: Callable[[], str], done: str = "", then: Callable[[str], object] = lambda _: None
) -> None:
    """Do `work` in a thread, and what follows on the document's own loop; whatever fails is told with its reason.

    Args:
        session: Told how it went.
        work: Gives a text; may raise what a user can cause.
        done: What to tell when it went well.
        then: Called with the text that `work` gave, if it is not empty.
    """
    document = pn.state.curdoc

    def finish(text: str, tone: str, result: str) -> None:
        if text:
            session.tell(text, tone=tone)
        if result:
            try:
                then(result)
            except Exception as error:  # noqa: BLE001 -- nobody else is there to tell it
                session.tell(reason_of(error))

    def do() -> None:
        try:
            result, text, tone = work(), done, "ok"
        except Exception as error:  # noqa: BLE001 -- nobody else is there to tell it
            result, text, tone = "", reason_of(error), "error"
        if document is None:
            finish(text, tone, result)
        else:
            document.add_next_tick_callback(lambda: finish(text, tone, result))

    Thread(target=do, daemon=True).start()


def reason_of(error: Exception) -> str:
    """What to tell of a failure; the log has more of one that nobody foresaw."""
    if isinstance(error, StepwiseError | OSError):
        logger.warning("{}", error)
        return str(error)
    logger.opt(exception=error).error("This was not foreseen.")
    return f"{type(error).__name__}: {error}. That was not foreseen; the server's log has more."


def run_module(*words: str, limit: float = LIMIT) -> str:
    """Run a module of ours in a process of its own, and give the last line that it prints.

    Args:
        words: The module's name and its arguments.
        limit: Seconds that it may take; then it is ended.

    Raises:
        RunError: With its last words, if it fails or takes too long.
    """
    try:
        done = subprocess.run(
            command(*words), env=environment(), capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        said = " ".join(words[:2])
        raise RunError(f"{said} took longer than {limit:g} s and was ended. Try it on the command line.") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RunError(lines[-1] if lines else f"{words[0]} failed. Look at the server's log.")
    return (done.stdout.strip().splitlines() or [""])[-1]
