"""File → Open trained model…: models trained elsewhere, opened as a graph and as a run that all panes can look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder import store
from builder.checkpoints.trained import TRAINED, TrainedModel
from builder.opening import existing
from engine import checkpoints, runs
from engine.beginnings import INITIAL_FILE
from engine.errors import RunError, StepwiseError
from views.behind import behind, run_module
from views.numbers import count
from views.parts import Dialog, Message, Window
from views.session import Session

FOLDER = "folder"


class TrainedDialog:
    """Asks which model, and opens it. Holds the one that is being opened.

    Args:
        window: Shows the dialog.
        session: Gets the graph.
        show: Called with the run folder of an opened model.
    """

    def __init__(self, window: Window, session: Session, show: Callable[[Path], object]) -> None:
        self._window, self._session, self._show = window, session, show
        self._opening = ""

    def ask(self) -> None:
        """Offer the packaged models, and a folder on this machine."""
        dialog = Dialog(
            id="open-trained",
            title="Open a trained model",
            text="The graph comes onto the canvas; its weights stay with it for attention, export and training.",
            items=[*map(_row, TRAINED.values()), _FOLDER_ROW],
            chosen=next((model.name for model in TRAINED.values() if model.source()), FOLDER),
            fields=[{"field": "path", "label": "Folder", "value": "", "placeholder": "/path/to/model", "words": True}],
            buttons=[{"id": "open", "label": "Open", "primary": True}],
        )
        self._window.ask(dialog, self._answered)

    def _answered(self, message: Message) -> None:
        if not message["button"]:
            return
        path = str(message["values"].get("path") or "").strip()
        try:
            self.open(path if message["item"] == FOLDER or path else str(message["item"]))
        except StepwiseError as error:
            self._session.tell(str(error))

    def open(self, what: str) -> None:
        """Open a model in a process of its own, since the first time may take a minute.

        Args:
            what: The name of a packaged model, or a path.

        Raises:
            StepwiseError: If it is not there, or another one is being opened.
        """
        if self._opening:
            raise RunError(f"{self._opening} is being opened. Wait for it.")
        if not what:
            raise RunError("No folder is named. Type the path of a folder with config.json and safetensors.")
        if what in TRAINED:
            TRAINED[what].required()
        else:
            existing(what)
        self._opening = TRAINED[what].title if what in TRAINED else Path(what).name
        self._session.tell(f"Opening {self._opening} … the first time may take a minute.", tone="ok")
        behind(self._session, lambda: self._made(what), then=self._shown)

    def _made(self, what: str) -> str:
        try:
            return run_module("builder.checkpoints.adopting", what)
        finally:
            self._opening = ""

    def _shown(self, folder: str) -> None:
        run = Path(folder)
        document = store.load(run / runs.GRAPH_FILE)
        if self._session.open_document(document, checkpoints.weights_of(run, 0)):
            self._show(run)
            self._session.tell(f"{document.name} is open, with its weights.", tone="ok")


def tell_beginning(session: Session, run: Path) -> None:
    """Say with which weights a new run begins, if its model was opened with some."""
    if session.weights is None:
        return
    if (run / INITIAL_FILE).exists():
        session.tell("Training goes on from the weights that the model was opened with.", tone="ok")
    else:
        session.tell("No opened weight fits this graph any more; training begins afresh.", tone="warn")


_FOLDER_ROW = {
    "id": FOLDER,
    "label": "A folder on this machine",
    "about": "A Hugging Face folder of the GPT-2, BERT, T5 or Llama family with config.json and safetensors, or a "
    "Llama in GGUF.",
}


def _row(model: TrainedModel) -> dict[str, Any]:
    """A packaged model as the dialog offers it."""
    note, about = f"{count(model.parameters)} parameters", model.about
    if model.source() is None:
        note, about = "not installed", f"{about} To install it: {model.command}"
    return {"id": model.name, "label": model.title, "note": note, "about": about}
