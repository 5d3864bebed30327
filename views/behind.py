"""Slow work behind the window: in a thread or a process, told when it is done, on the page's own loop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from threading import Thread

import panel as pn
from loguru import logger

from engine.errors import RunError, StepwiseError
from views.session import Session


def behind(
    session: Session, work: Callable[[], str], done: str = "", then: Callable[[str], object] = lambda _: None
) -> None:
    """Do `work` in a thread, and what follows on the document's own loop.

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
            then(result)

    def do() -> None:
        try:
            result, text, tone = work(), done, "ok"
        except (StepwiseError, OSError) as error:
            logger.warning("{}", error)
            result, text, tone = "", str(error), "error"
        if document is None:
            finish(text, tone, result)
        else:
            document.add_next_tick_callback(lambda: finish(text, tone, result))

    Thread(target=do, daemon=True).start()


def run_module(*words: str) -> str:
    """Run a module of ours in a process of its own, and give the last line that it prints.

    Args:
        words: The module's name and its arguments.

    Raises:
        RunError: With its last words, if it fails.
    """
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RunError(lines[-1] if lines else f"{words[0]} failed. Look at the server's log.")
    return (done.stdout.strip().splitlines() or [""])[-1]
