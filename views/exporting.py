"""Taking models away: exports run in a process of their own, because they load MLflow and trace the model."""

from __future__ import annotations

import time
from pathlib import Path

from engine import locations
from engine.errors import RunError
from engine.mlflow_page import MlflowPage
from views.behind import behind, run_module
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
        words = ("builder", "export", str(folder), "--format", format, "-o", str(out))
        self._session.tell(f"Exporting {folder.name} as {format} …", tone="ok")
        behind(self._session, lambda: run_module(*words), f"Exported to {out}")

    def open_mlflow(self) -> None:
        """Open MLflow's own page in a new tab; its server is started when it is not there."""
        self._session.tell("Opening MLflow …", tone="ok")
        behind(self._session, _page_address, then=self._window.visit)


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
