"""What File → Open does: a graph comes onto the canvas with its weights; a thread reads those that take time."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from builder.document import Document
from builder.opening import open_graph, weights_beside, weights_within
from builder.store import loads
from builder.weights import keep, weights_of
from engine import checkpoints
from engine.errors import FileError
from views.behind import behind
from views.parts import Message
from views.session import Session

T = TypeVar("T")
HEAD_ONLY = "Its weights were not sent. Type the file's path to open it with them."


def open_path(session: Session, path: Path) -> None:
    """Open anything that carries a graph.

    Raises:
        StepwiseError: If it carries none.
    """
    document = open_graph(path)
    is_run = bool(checkpoints.steps(path))
    opening = _Opening(session, document, path.name, lambda: _kept_of(path) if is_run else weights_of(path))
    if is_run or (weights_within(path) and not weights_beside(path)):
        opening.later()
    else:
        opening.at_once()


def _kept_of(run: Path) -> Path | None:
    """The weights of a run's newest checkpoint; training removes old ones, so they get a second name."""
    newest = weights_of(run)
    return keep(newest) if newest else None


def open_upload(session: Session, file: Message) -> None:
    """Open a file that the browser has read: a graph's text, or of an export the bytes, at least those with the graph.

    Raises:
        StepwiseError: If it carries no graph.
    """
    if "bytes" not in file:
        session.open_document(loads(str(file["text"])))
        return
    name, data = Path(str(file["name"])).name, b64decode(str(file["bytes"]))
    document = _with_file(name, data, open_graph)
    if name.lower().endswith(".safetensors") and len(data) == 8 + int.from_bytes(data[:8], "little"):
        session.open_document(document)
        session.tell(f"{document.name} is open. {HEAD_ONLY}", tone="warn")
    else:
        _Opening(session, document, name, lambda: _with_file(name, data, keep)).later()


class _Opening:
    """Opens a document once its weights are read; without them, where that fails.

    Args:
        session: Gets the document.
        document: What to open.
        name: What the user calls it.
        read: Gives the weights; runs in a thread.
    """

    def __init__(self, session: Session, document: Document, name: str, read: Callable[[], Path | None]) -> None:
        self._session, self._document, self._name, self._read = session, document, name, read
        self._weights: Path | None = None
        self._problem = ""

    def at_once(self) -> None:
        """Read, then open."""
        self._show(self._try())

    def later(self) -> None:
        """Read in a thread, then open."""
        self._session.tell(f"Opening {self._name} with its weights …", tone="ok")
        behind(self._session, self._try, then=self._show)

    def _try(self) -> str:
        try:
            self._weights = self._read()
        except FileError as error:
            self._problem = str(error)
        return self._name

    def _show(self, _: str) -> None:
        if not self._session.open_document(self._document, self._weights):
            return
        if self._problem:
            self._session.tell(f"{self._document.name} is open without its weights. {self._problem}")
        elif self._weights:
            self._session.tell(f"{self._document.name} is open, with its weights.", tone="ok")


def _with_file(name: str, data: bytes, use: Callable[[Path], T]) -> T:
    """What `use` makes of a file with these bytes, which is gone afterwards."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / name
        copy.write_bytes(data)
        return use(copy)
