"""Whether a run that a pane shows is of the model on the canvas."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import param

from builder import store
from builder.compare import same_model
from builder.document import Document
from engine.errors import StepwiseError
from engine.runs import GRAPH_FILE
from views.session import Session

OTHER, CHANGED = "another model", "model has changed"
WHY = {
    OTHER: "This run is not of the model on the canvas. Runs → Open graph puts the run's model there.",
    CHANGED: "The model on the canvas is no longer as it was trained in this run. Runs → Open graph brings that back.",
}
KEPT = 4  # runs whose graphs are in memory


class Likeness(param.Parameterized):
    """State: of the runs that panes have asked about, what tells them from the model on the canvas.

    Models are compared when `poll` is called and not as they are edited, so that no edit waits for it.

    Args:
        session: Where the model on the canvas is.
    """

    revision = param.Integer(default=0, doc="Grows when the answer about one of the runs is another than before.")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._document = session, session.document
        self._runs: OrderedDict[Path, tuple[Document | None, str]] = OrderedDict()

    def of(self, folder: Path | None) -> str:
        """What tells a run from the model on the canvas, in two or three words; empty where it is of that model."""
        if folder is None:
            return ""
        if folder not in self._runs:
            graph = _graph(folder)
            self._runs[folder] = (graph, self._said(graph))
        self._runs.move_to_end(folder)
        while len(self._runs) > KEPT:
            self._runs.popitem(last=False)
        return self._runs[folder][1]

    def poll(self) -> None:
        """Compare again if the model was edited; call it a few times a second."""
        if self._document is self._session.document:
            return
        self._document = self._session.document
        found = OrderedDict((folder, (graph, self._said(graph))) for folder, (graph, _) in self._runs.items())
        changed = any(found[folder][1] != said for folder, (_, said) in self._runs.items())
        self._runs = found
        if changed:
            self.revision += 1

    def _said(self, graph: Document | None) -> str:
        if graph is None or same_model(self._document, graph):
            return ""
        return CHANGED if graph.name == self._document.name else OTHER


def _graph(folder: Path) -> Document | None:
    """A run's model; `None` if it cannot be read."""
    try:
        return store.load(folder / GRAPH_FILE)
    except (StepwiseError, OSError):
        return None


def likeness_items(said: str) -> list[dict[str, Any]]:
    """A chip for a bar, if a run is of another model."""
    return [{"kind": "chip", "id": "likeness", "text": said, "title": WHY[said], "tone": "warn"}] if said else []
