"""Taking models away: exports run in a process of their own, because they load MLflow and trace the model."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import panel as pn
from loguru import logger

from engine import locations
from engine.errors import RunError, StepwiseError
from engine.mlflow_page import MlflowPage
from views.parts import Window
from views.runner import Runner
from views.session import Session

page = MlflowPage()
PATIENCE = 60.0  # seconds that MLflow's page may take to answer


class Exporter:
    """Exports the run that is followed, and opens MLflow's own page.

    Args:
        session: Told how it went.
        runner: Names the run.
        window: Opens pages.
    """

    def __init__(self, session: Session, runner: Runner, window: Window) -> None:
        self._session, self._runner, self._window = session, runner, window

    def export(self, format: str, folder: Path | None = None) -> None:
        """Write a run's newest checkpoint in `format`, below `artifacts/exports`.

        Raises:
            RunError: If there is no run, or it has no checkpoint.
        """
        folder = folder or self._runner.folder
        if folder is None:
            raise RunError("There is no run to export yet. Train a model first.")
        out = fresh_folder(locations.artifacts() / "exports", f"{folder.name}-{format}")
        command = [sys.executable, "-m", "builder", "export", str(folder), "--format", format, "-o", str(out)]
        self._session.tell(f"Exporting {folder.name} as {format} …", tone="ok")
        self._behind(lambda: _run(command), f"Exported to {out}")

    def open_mlflow(self) -> None:
        """Open MLflow's own page in a new tab; its server is started when it is not there."""
        self._session.tell("Opening MLflow …", tone="ok")
        self._behind(_page_address, "", self._window.visit)

    def _behind(self, work: Callable[[], str], done: str, then: Callable[[str], None] = lambda _: None) -> None:
        """Do `work` in a thread; tell the user on the document's own loop how it went."""
        document = pn.state.curdoc

        def finish(text: str, tone: str, result: str) -> None:
            if text:
                self._session.tell(text, tone=tone)
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


def _run(command: list[str]) -> str:
    """Run a command of ours.

    Raises:
        RunError: With its last words, if it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RunError(lines[-1] if lines else f"{command[2]} failed. Look at the server's log.")
    return ""


def _page_address() -> str:
    """The address of MLflow's page, once it answers.

    Raises:
        RunError: If it does not.
    """
    address, until = page.open(), time.monotonic() + PATIENCE
    while not page.is_ready():
        if time.monotonic() > until:
            raise RunError(f"MLflow's page at {address} does not answer. Try again in a moment.")
        time.sleep(0.3)
    return address


def fresh_folder(root: Path, name: str) -> Path:
    """A folder below `root` that does not exist yet."""
    path, number = root / name, 1
    while path.exists():
        number += 1
        path = root / f"{name}-{number}"
    return path
