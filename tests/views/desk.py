"""Dialogs at which a test sits and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builder import templates
from views.dialogs import Dialogs
from views.parts import Dialog, Message, Window
from views.session import Session
from views.workspace import Workspace


class Desk:
    """Dialogs that are answered at once.

    Args:
        folder: Where models are saved.
        monkeypatch: Puts us in place of the browser.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.workspace, window = Session(templates.build("tiny")), Workspace(folder), Window()
        self.asked: list[tuple[Dialog, Callable[[Message], object]]] = []
        monkeypatch.setattr(window, "ask", lambda dialog, answer: self.asked.append((dialog, answer)))
        self.dialogs = Dialogs(window, self.session, self.workspace, self._make)

    def _make(self, name: str) -> None:
        self.session.open_document(templates.build(name))

    def answer(self, button: str, **message: object) -> Dialog:
        """Answer what was asked last."""
        dialog, reply = self.asked.pop()
        reply({"button": button, "item": "", "values": {"path": ""}, **message})
        return dialog

    def open(self, button: str = "open", **answer: object) -> Dialog:
        """Ask what to open and answer."""
        self.dialogs.open()
        return self.answer(button, **answer)

    def new(self, name: str) -> None:
        """Take a template from the gallery."""
        self.dialogs.new()
        self.answer("create", item=name)

    def save(self) -> None:
        """Press Ctrl+S."""
        self.dialogs.save(self.session.document.name)

    def save_as(self, name: str) -> None:
        """Ask for a name and give it."""
        self.dialogs.save_as()
        self.answer("save", values={"name": name})

    @property
    def question(self) -> str:
        """Title of the dialog that waits for an answer; empty if there is none."""
        return self.asked[-1][0].title if self.asked else ""

    @property
    def saved(self) -> set[str]:
        """Names of the files of saved models."""
        return {path.stem for path in self.workspace.saved()}
