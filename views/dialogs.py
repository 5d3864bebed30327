"""Dialogs of the window: the gallery of templates, saved graphs, names, shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from builder import picture, templates
from builder.document import Document
from builder.sizes import parameters_of
from builder.store import dumps, load, loads
from engine.errors import StepwiseError
from views.commands import COMMANDS
from views.parts import Dialog
from views.session import Session
from views.toolbar import short
from views.workspace import Workspace


class Dialogs:
    """Opens dialogs and does what is answered.

    Args:
        session: The window's state.
        workspace: Where graphs are kept.
        on_new: Called with the name of a template that was chosen.
    """

    def __init__(self, session: Session, workspace: Workspace, on_new: Callable[[str], None]) -> None:
        self._session, self._workspace, self._on_new = session, workspace, on_new
        self.part = Dialog()
        self.part.on(self._receive)

    def new(self) -> None:
        """Offer the templates as a gallery."""
        cards = [_card(name) for name in ("empty", *templates.names())]
        self.part.show(
            {"id": "new", "kind": "gallery", "title": "New model", "cards": cards, "confirm": "Create"}
        )

    def open(self) -> None:
        """Offer the saved graphs, and a file from this machine."""
        rows = [
            {
                "id": path.stem,
                "title": path.stem,
                "note": f"{datetime.fromtimestamp(path.stat().st_mtime):%d %b %Y, %H:%M}",
            }
            for path in self._workspace.saved()
        ]
        self.part.show(
            {
                "id": "open",
                "kind": "files",
                "title": "Open a model",
                "rows": rows,
                "empty": "No model is saved yet. Choose a graph file from this machine, or press Escape.",
                "upload": ".json",
                "confirm": "Open",
            }
        )

    def save_as(self) -> None:
        """Ask for a name."""
        name = self._session.document.name
        self.part.show(
            {"id": "save-as", "kind": "name", "title": "Save as", "label": "Name", "value": name, "confirm": "Save"}
        )

    def shortcuts(self) -> None:
        """List every command that has a shortcut."""
        rows = [[command.label.rstrip("…"), command.keys] for command in COMMANDS if command.keys]
        self.part.show({"id": "shortcuts", "kind": "table", "title": "Keyboard shortcuts", "rows": rows})

    def about(self) -> None:
        """Say what this is."""
        text = (
            "Stepwise: the drawn graph is the model and the instrument. "
            "Everything runs on this machine; no request leaves it. MIT licence."
        )
        self.part.show({"id": "about", "kind": "text", "title": "About Stepwise", "text": text})

    def _receive(self, message: dict[str, Any]) -> None:
        if not message.get("confirmed"):
            return
        value = str(message.get("value") or "")
        try:
            self._answer(str(message["id"]), value, message.get("text"))
        except StepwiseError as error:
            self._session.tell(str(error))

    def _answer(self, dialog: str, value: str, text: str | None) -> None:
        match dialog:
            case "new":
                self._on_new(value)
            case "open" if text is not None:
                self._session.open_document(loads(text))
            case "open" if value:
                path = next(path for path in self._workspace.saved() if path.stem == value)
                self._session.open_document(load(path))
            case "save-as":
                self.save(value)

    def save(self, name: str) -> None:
        """Keep the graph under `name`.

        Raises:
            StepwiseError: If it cannot be the name of a file.
        """
        path = self._workspace.save_as(name, self._session.document)
        self._session.tell(f"Saved as {path.stem}.", tone="ok")

    def download(self) -> dict[str, str]:
        """The graph as a file for the browser to keep."""
        return {"name": f"{self._session.document.name}.json", "text": dumps(self._session.document)}


def _card(name: str) -> dict[str, Any]:
    if name == "empty":
        about = "No blocks. Drag the first one from the palette."
        return {"id": name, "title": "Empty", "about": about, "note": "0 parameters", "svg": ""}
    document: Document = templates.build(name)
    info = templates.about(name)
    return {
        "id": name,
        "title": info.title,
        "about": info.about,
        "note": f"{short(parameters_of(document))} parameters",
        "svg": picture.svg(document),
    }
