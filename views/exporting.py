"""Taking models away: exports run in a process of their own, because they load MLflow and trace the model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from builder import store
from engine import locations, runs
from engine.errors import RunError, StepwiseError
from engine.mlflow_page import MlflowPage
from views.behind import behind, run_module
from views.part import Row
from views.parts import Dialog, Message, Window
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

    def ask(self) -> None:
        """Offer every format.

        Raises:
            RunError: If there is no run, or it has no checkpoint.
        """
        from builder.export import FORMATS  # it loads torch's exporter, which takes a while

        folder = self._folder()
        step = runs.latest_checkpoint(folder)
        dialog = Dialog(
            id="export",
            title="Export the run",
            text=f"{runs.read_status(folder).name}, as it is at step {step}. Written below {_root()}.",
            items=[{"id": name, "label": FORMATS[name].title, "about": FORMATS[name].about} for name in FORMATS],
            chosen="mlflow",
            fields=_extra_rows(folder),
            buttons=[{"id": "export", "label": "Export", "primary": True}],
        )
        self._window.ask(dialog, self._answered)

    def _answered(self, message: Message) -> None:
        if not message["button"]:
            return
        chosen = [name for name, value in message["values"].items() if value == "on"]
        try:
            self.export(str(message["item"]), chosen)
        except StepwiseError as error:
            self._session.tell(str(error))

    def export(self, format: str, extra: Sequence[str] = ()) -> None:
        """Write the run's newest checkpoint in `format`, below `artifacts/exports`.

        Args:
            format: One of `engine.export.FORMATS`.
            extra: Optional inputs that a program is to have.

        Raises:
            RunError: If there is no run.
        """
        from builder.export import FORMATS

        folder = self._folder()
        out = fresh_folder(_root(), f"{folder.name}-{format}")
        words = ["builder", "export", str(folder), "--format", format, "-o", str(out)]
        words += ["--with", *extra] if extra and FORMATS[format].has_inputs else []
        self._session.tell(f"Exporting {folder.name} as {FORMATS[format].title} …", tone="ok")
        behind(self._session, lambda: run_module(*words), then=lambda said: self._session.tell(said, tone="ok"))

    def _folder(self) -> Path:
        if self._runner.folder is None:
            raise RunError("There is no run to export yet. Train a model first.")
        return self._runner.folder

    def open_mlflow(self) -> None:
        """Open MLflow's own page in a new tab; its server is started when it is not there."""
        self._session.tell("Opening MLflow …", tone="ok")
        behind(self._session, _page_address, then=self._window.visit)


def _root() -> Path:
    return locations.artifacts() / "exports"


def _extra_rows(folder: Path) -> list[Row]:
    """A switch for each input of a run's model that may be absent."""
    optional = [port.name for port in store.load(folder / runs.GRAPH_FILE).main.inputs if port.optional]
    about = "Have this input in a .pt2 or ONNX file, for batches of texts of different lengths."
    switch = {"value": "off", "options": ["off", "on"], "help": about}
    return [{"field": name, "label": f"{name} input", **switch} for name in optional]


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
