"""Commands about low-rank adapters: around what is selected, away again, or merged into the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from builder import store
from builder.document import Document, Node
from builder.edits import AddAdapter, RemoveAdapter, Replace
from builder.edits.adapters import has_adapter, is_adapted, takes_adapter
from builder.names import file_stem
from builder.opening import GRAPH, WEIGHTS
from engine import checkpoints, locations
from engine.errors import RunError, StepwiseError
from views.behind import behind, run_module
from views.exporting import fresh_folder
from views.runner import Runner
from views.session import Session


class Adapters:
    """Turns commands into edits of what is selected; merging runs in a process of its own.

    Args:
        session: The window's state.
        runner: The run that is followed.
    """

    def __init__(self, session: Session, runner: Runner) -> None:
        self._session, self._runner = session, runner

    def commands(self) -> dict[str, Callable[[], object]]:
        """What the window's commands do, by their id."""
        return {"add-adapter": self.add, "remove-adapter": self.remove, "merge-adapters": self.merge}

    def add(self) -> None:
        """Put an adapter around those of the selected blocks that can have one; if none can, say why."""
        nodes = self._that(takes_adapter) or self._session.nodes
        if nodes:
            self._session.apply(AddAdapter(at=self._session.definition.name, nodes=nodes))
        else:
            text = "Select Linear blocks, heads or routers first; an adapter is put around each."
            self._session.tell(text, tone="warn")

    def remove(self) -> None:
        """Make the selected adapted blocks plain ones again; what the adapters learned is not kept."""
        nodes = self._that(has_adapter)
        if nodes:
            self._session.apply(RemoveAdapter(at=self._session.definition.name, nodes=nodes))
        else:
            self._session.tell("Select a block with an adapter first.", tone="warn")

    def _that(self, fits: Callable[[Node], bool]) -> tuple[str, ...]:
        nodes = self._session.definition.nodes
        return tuple(name for name in self._session.nodes if fits(nodes[name]))

    def merge(self) -> None:
        """Add what all adapters of the model learned to its weights; these become the session's.

        Raises:
            RunError: If the model has no adapters, or nobody has trained them.
        """
        document = self._session.document
        if not is_adapted(document):
            raise RunError("The model has no adapters. Select Linear blocks or heads and add some.")
        weights = next(self._weights(document), None)
        if weights is None:
            raise RunError(
                "There are no trained weights of this model to merge: neither the run that is followed nor what was "
                "opened has all of them. Train it first; Remove adapter takes an untrained one away."
            )
        out = fresh_folder(locations.artifacts() / "exports", f"{file_stem(document.name)}-merged")
        self._session.tell(f"Merging the adapters of {document.name} …", tone="ok")
        behind(self._session, lambda: _merged(document, weights, out), then=lambda _: self._show(document, out))

    def _weights(self, document: Document) -> Iterator[Path]:
        """Files with all weights of the model: of the run that is followed, and those that it was opened with."""
        from builder.run import check_weights

        run = self._runner.folder
        saved = [checkpoints.weights_of(run, step) for step in checkpoints.steps(run)[-1:]] if run else []
        for file in (*saved, *([self._session.weights] if self._session.weights else [])):
            try:
                found, wanted = check_weights(document, file)
            except StepwiseError:
                continue
            if found == wanted:
                yield file

    def _show(self, before: Document, out: Path) -> None:
        session, path = self._session, self._session.path
        if session.document != before:
            session.tell(
                f"The model was changed while its adapters were merged. What came of it is in {out}.", tone="warn"
            )
            return
        origin = replace(session.history.origin, weights=out / WEIGHTS)
        if session.apply(Replace(document=store.load(out / GRAPH), label="Merge adapters"), origin):
            session.open(path)
            session.tell(f"The adapters are merged; training goes on from {out / WEIGHTS}.", tone="ok")


def _merged(document: Document, weights: Path, out: Path) -> str:
    """Write the merged model into the folder `out`."""
    with TemporaryDirectory() as folder:
        graph = Path(folder) / GRAPH
        store.save(document, graph)
        return run_module("builder", "merge", str(graph), "--from", str(weights), "-o", str(out / GRAPH))


def adapter_links(nodes: Iterable[Node]) -> Iterator[dict[str, str]]:
    """What can be done about adapters of some blocks, as links of the inspector."""
    nodes = list(nodes)
    if any(map(takes_adapter, nodes)):
        yield {"id": "add-adapter", "text": "Add adapter", "keys": ""}
    if any(map(has_adapter, nodes)):
        yield {"id": "merge-adapters", "text": "Merge adapters", "keys": ""}
        yield {"id": "remove-adapter", "text": "Remove adapter", "keys": ""}
