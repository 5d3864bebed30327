"""The code pane: the model as readable source, tied line by line to the blocks of the canvas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param

from builder.catalogue import signature
from builder.codegen import Generated, generate
from builder.document import Document
from engine.errors import StepwiseError
from views.captions import family_token
from views.drawing import Drawing
from views.part import HERE, Message, Part
from views.places import path_to
from views.selection import Selection, without_indices
from views.session import Session

NAME = "code"
HINT = "Click a line to select its block."


class Source(Part):
    """Source to read, to copy and to take away (views/ui/source.jsx).

        Source(source="class Model(nn.Module): ...", marked=[[3, 5]], classes=[[1, 9, {"q_proj": "v"}]])

    Messages: `{"type": "hello"}` once the browser has it, and `{"lines": [first, last], "node": id}` when lines are
    chosen; the node is there if its name was clicked.
    """

    source = param.String(default="", doc="The text.")
    file = param.String(default="model.py", doc="What the download is called.")
    marked = param.List(default=[], doc="Lines that stand out, as [first, last] counted from 1.")
    classes = param.List(default=[], doc="Classes as [first, last, {node: colour token}].")
    note = param.String(default=HINT, doc="A few words beside the name of the file.")
    problem = param.String(default="", doc="Why the source is not that of the drawing.")

    _esm: ClassVar[Path] = HERE / "ui/source.jsx"


class CodePane:
    """Shows the generated source while it is in sight, and follows the selection both ways.

    Args:
        session: The window's state.
        selection: What all panes look at.
        is_shown: Whether the pane is in sight.
    """

    def __init__(self, session: Session, selection: Selection, is_shown: Callable[[], bool]) -> None:
        self._session, self._selection, self._is_shown = session, selection, is_shown
        self._made: Generated | None = None
        self._drawn: Document | None = None
        self.part = Source()
        self._drawing = Drawing(self._draw)
        self._draw()
        self.part.on(self._receive)
        session.param.watch(lambda _: self.refresh(), ["revision"])
        session.param.watch(lambda *_: self._mark(), ["nodes", "path"])
        selection.follow(NAME, self._mark)

    def refresh(self) -> None:
        """Write the source anew, soon, if it is in sight and the document is another one."""
        if self._is_shown() and self._drawn is not self._session.document:
            self._drawing.ask()

    def _draw(self) -> None:
        document = self._session.document
        self._drawn = document
        try:
            self._made = generate(document)
        except StepwiseError as error:
            self.part.problem = f"No source can be written. {error}" + (" The last one is shown." if self._made else "")
            return
        self.part.param.update(source=self._made.source, classes=_classes(self._made), problem="", marked=self._lines())

    def _mark(self) -> None:
        if self._is_shown():
            self.part.param.update(marked=self._lines(), note=self._note())

    def _chosen(self) -> list[str]:
        """Drawn paths of what is selected: on the canvas, or inside that in another pane."""
        found = [".".join((*self._session.path, name)) for name in self._session.nodes]
        deeper = without_indices(self._selection.node)
        return [deeper if deeper.startswith(f"{path}.") else path for path in found]

    def _lines(self) -> list[list[int]]:
        if self._made is None:
            return []
        spans = {span for path in self._chosen() for span in self._made.lines(path)}
        return [list(span) for span in sorted(spans)]

    def _note(self) -> str:
        chosen = self._chosen()
        return HINT if not chosen else chosen[0] if len(chosen) == 1 else f"{len(chosen)} blocks"

    def _receive(self, message: Message) -> None:
        if message.get("type") == "hello":
            self._drawing.begin()
        elif "lines" in message and self._made is not None:
            first, last = (int(line) for line in message["lines"])
            self._choose(*self._made.nodes(first, last), str(message.get("node", "")))

    def _choose(self, definition: str, nodes: tuple[str, ...], node: str) -> None:
        """Open a definition where it is used, and select blocks in it."""
        path = self._path_to(definition)
        if path is None:
            return
        known = self._session.document.definitions[definition].nodes
        there = tuple(name for name in nodes if name in known)
        blocks = tuple(name for name in there if not known[name].is_rail)
        self._session.open(path)
        self._session.select((node,) if node in there else blocks or there)

    def _path_to(self, definition: str) -> tuple[str, ...] | None:
        """The level that is open if it is the one, else the shortest way there."""
        if self._session.definition.name == definition:
            return self._session.path
        return path_to(self._session.document, definition) if definition in self._session.document.definitions else None


def _classes(made: Generated) -> list[list[Any]]:
    """Where each class stands, with the colour of each of its nodes."""
    found: list[list[Any]] = []
    for name, spans in made.classes.items():
        colours = _colours(made.document, name)
        found += [[first, last, colours] for first, last in spans]
    return found


def _colours(document: Document, name: str) -> dict[str, str]:
    nodes = document.definitions[name].nodes
    kinds = {node_id: signature(document, node.kind) for node_id, node in nodes.items() if not node.is_rail}
    return {node_id: family_token(outside.family) for node_id, outside in kinds.items() if outside is not None}
