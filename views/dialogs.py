"""Dialogs of the window: the gallery of templates, saved graphs, a name, the shortcuts' companion About."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bokeh.server.tornado import DEFAULT_WEBSOCKET_MAX_MESSAGE_SIZE_BYTES as SERVED

from builder import picture, templates
from builder.document import Document
from builder.edits import RenameDocument
from builder.opening import READERS, existing
from builder.sizes import parameters_of
from builder.store import dumps, load, save
from engine.errors import FileError
from views.behind import reason_of
from views.first import blank_document, first_document
from views.numbers import count
from views.opened import open_path, open_upload
from views.parts import Dialog, Message, Window
from views.session import Session
from views.workspace import Workspace

EMPTY = "empty"
MOST = SERVED - 2**16  # bytes of an uploaded file in its message; that of the largest graph takes about 16 % more
PLACEHOLDER = "a run, an export's folder, or a file"


class Dialogs:
    """Opens dialogs and does what is answered.

    Args:
        window: Shows them.
        session: The window's state.
        workspace: Where graphs are kept.
        on_new: Called with the name of a template that was chosen, or `empty`.
    """

    def __init__(self, window: Window, session: Session, workspace: Workspace, on_new: Callable[[str], None]) -> None:
        self._window, self._session, self._workspace, self._on_new = window, session, workspace, on_new

    def new(self) -> None:
        """Offer the templates as a gallery."""
        dialog = Dialog(
            id="new",
            title="New model",
            text="The present model stays one undo away.",
            items=cards(),
            look="gallery",
            chosen=templates.names()[0],
            buttons=[{"id": "create", "label": "Create", "primary": True}],
        )
        self._window.ask(dialog, self._answer(lambda m: self._on_new(m["item"])))

    def open(self) -> None:
        """Offer the saved graphs, a file from the user's machine, and a path on the one that serves the page."""
        rows = [
            {"id": path.stem, "label": path.stem, "note": f"{_modified(path.stat().st_mtime)}"}
            for path in self._workspace.saved()
        ]
        dialog = Dialog(
            id="open",
            title="Open a model",
            text="A graph, a run, or anything that was exported: each carries its graph.",
            items=rows,
            chosen=rows[0]["id"] if rows else "",
            search=len(rows) > 8,
            empty="No model is saved yet. Choose a file, or name a path.",
            fields=[{"field": "path", "label": "Or a path", "value": "", "words": True, "placeholder": PLACEHOLDER}],
            upload={"label": "Choose a file…", "accept": ",".join((".json", *READERS)), "most": MOST},
            buttons=[{"id": "open", "label": "Open", "primary": True}],
        )
        self._window.ask(dialog, self._answer(self._open))

    def save_as(self) -> None:
        """Ask for a name."""
        field = {"field": "name", "label": "Name", "value": self._session.document.name}
        dialog = Dialog(
            id="save-as",
            title="Save as",
            fields=[field],
            buttons=[{"id": "save", "label": "Save", "primary": True}],
        )
        self._window.ask(dialog, self._answer(lambda m: self._save_as(m["values"]["name"])))

    def about(self) -> None:
        """Say what this is."""
        text = (
            "The drawn graph is the model and the instrument. Everything runs on this machine and no "
            "request leaves it. MIT licence."
        )
        self._window.ask(Dialog(id="about", title="Stepwise", text=text, cancel="Close"))

    def save(self, name: str) -> None:
        """Keep the graph under `name`.

        Raises:
            StepwiseError: If it cannot be the name of a file.
        """
        self._kept(name, lambda path: save(self._session.document, path))

    def download(self) -> None:
        """Hand the graph to the browser as a file."""
        document = self._session.document
        self._window.download(f"{document.name}.json", dumps(document))

    def _save_as(self, name: str) -> None:
        """Keep the graph under a name that is its own from now on, so that Save finds it again."""
        rename = RenameDocument(name=name)

        def write(path: Path) -> None:
            save(rename.apply(self._session.document), path)
            if name != self._session.document.name:
                self._session.apply(rename)

        self._kept(name, write)

    def _kept(self, name: str, write: Callable[[Path], object]) -> None:
        """Write, but ask first where that would replace a model that was neither opened nor saved here."""
        own = self._session.file_of(name)
        path = own or self._workspace.path_of(name)

        def keep() -> None:
            write(path)
            self._session.saved_in(path)
            self._session.tell(f"Saved as {path.stem}.", tone="ok")

        if own or not path.exists():
            keep()
            return
        dialog = Dialog(
            id="replace",
            title=f"Replace {path.stem}?",
            text="Another model is saved under this name. Replacing it cannot be undone.",
            buttons=[{"id": "replace", "label": "Replace", "danger": True}],
        )
        self._window.ask(dialog, self._answer(lambda _: keep()))

    def _open(self, m: Message) -> None:
        if m.get("file"):
            open_upload(self._session, m["file"])
            return
        named = str(m.get("values", {}).get("path") or "").strip()
        if named:
            open_path(self._session, existing(named))
            return
        path = next((path for path in self._workspace.saved() if path.stem == m["item"]), None)
        if path is None:
            raise FileError("Nothing is named. Choose a saved model or a file, or type a path.")
        self._session.open_document(load(path), file=path)

    def _answer(self, act: Callable[[Message], object]) -> Callable[[Message], None]:
        """Do `act` unless the dialog was cancelled; what it refuses becomes a notice."""

        def answered(message: Message) -> None:
            if message.get("button"):
                try:
                    act(message)
                except Exception as error:  # noqa: BLE001 -- the dialog is gone: nobody else can tell it
                    self._session.tell(reason_of(error))

        return answered


def _modified(time: float) -> str:
    return f"{datetime.fromtimestamp(time):%d %b %Y, %H:%M}"


_SMALL, _MODELS = "Train in seconds", "Models of the papers, in sizes for this machine"


@cache
def cards() -> list[dict[str, Any]]:
    """The templates as cards, each with its picture; made once per process."""
    about = "No blocks. Drag the first one from the palette."
    blank: dict[str, Any] = {"id": EMPTY, "label": "Empty", "about": about, "note": "no parameters", "group": _MODELS}
    blank["picture"] = _pictures(blank_document()[0])
    found = [_card(name) for name in templates.names()]
    return sorted([*found, blank], key=lambda card: card["group"] != _SMALL)


def _card(name: str) -> dict[str, Any]:
    document, template = first_document(name)[0], templates.TEMPLATES[name]
    card = {
        "id": name,
        "label": template.title,
        "about": template.about,
        "note": f"{count(parameters_of(document))} parameters",
    }
    group = _SMALL if name.startswith("tiny") else _MODELS
    return {**card, "group": group, "picture": _pictures(document)}


def _pictures(document: Document) -> dict[str, str]:
    return {"light": picture.thumbnail(document), "dark": picture.thumbnail(document, dark=True)}
