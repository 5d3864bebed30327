"""What one browser window works on, and the single door for changes to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import param
from loguru import logger

from builder.contracts.base import ContractResult
from builder.diagnostics import Diagnostic, Report
from builder.document import Definition, Document
from builder.edits import Edit, Replace
from builder.history import History, Origin
from builder.validate import validate
from engine.errors import StepwiseError
from engine.settings import Value
from views.findings import findings
from views.places import Places
from views.scopes import scope_at


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something the user should read: a refusal, or a thing that happened elsewhere.

    Args:
        text: What, where, and how to fix it.
        tone: `error`, `warn` or `ok`.
        action: Label of a button; empty: none.
        command: The command the button runs.
    """

    text: str
    tone: str = "error"
    action: str = ""
    command: str = ""


class Session(param.Parameterized):
    """State that panes watch. Panes never write `document`; they call `apply`."""

    document = cast(Document, param.ClassSelector(class_=Document, doc="The model."))
    report = cast(Report, param.ClassSelector(class_=Report, doc="What the last check found."))
    contracts = cast(
        "tuple[ContractResult, ...]", param.Parameter(default=(), doc="What the last trial of the contracts found.")
    )
    proof = param.String(default="", doc="`trying`, `done`, why the contracts could not be tried, or empty.")
    path = cast(
        "tuple[str, ...]", param.Parameter(default=(), doc="Ids of the composites opened, from the root inward.")
    )
    nodes = cast(
        "tuple[str, ...]", param.Parameter(default=(), doc="Ids of the selected nodes, in the open definition.")
    )
    wires = cast("tuple[str, ...]", param.Parameter(default=(), doc="Texts of the selected wires."))
    notice = cast(
        "Notice | None",
        param.ClassSelector(class_=Notice, allow_None=True, doc="What to tell the user; may be equal to the last."),
    )
    weights = cast(
        "Path | None",
        param.ClassSelector(class_=Path, allow_None=True, doc="Weights that training begins with, as far as they fit."),
    )
    revision = param.Integer(default=0, doc="Grows with every change of the document.")

    def __init__(self, document: Document) -> None:
        self.history, self._places = History(document), Places(document)
        self._found: tuple[Diagnostic, ...] = ()
        self._found_in: tuple[object, object] = (None, None)
        super().__init__(document=document, report=validate(document))
        self.param.watch(lambda event: self._keep(weights=event.new), ["weights"])

    @property
    def places(self) -> Places:
        """What the blocks of the document are called."""
        if self._places.document is not self.document:
            self._places = Places(self.document)
        return self._places

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """All that is to be marked, each fault once: problems, and contracts that are broken and not waived."""
        found, (report, contracts) = self._found, self._found_in
        if report is not self.report or contracts is not self.contracts:
            found = self._found = findings(self.places, self.report, self.contracts)
            self._found_in = (self.report, self.contracts)
        return found

    @property
    def marked(self) -> Report:
        """What the last check found, with all that is to be marked."""
        return replace(self.report, diagnostics=self.findings)

    @property
    def definition(self) -> Definition:
        """The definition that is open."""
        return self.document.definition_at(self.path)

    @property
    def scope(self) -> dict[str, Value]:
        """Values of the symbols in the open definition, as this place in the model sees them."""
        return scope_at(self.document, self.path)

    def apply(self, edit: Edit, origin: Origin | None = None) -> bool:
        """Apply `edit` as one undo step and tell the panes.

        Args:
            edit: What to do.
            origin: If it brings another document: where that came from.

        Returns:
            Whether it was accepted; a refusal changes nothing but `notice`, and neither does a fault of ours.
        """
        name = type(edit).__name__
        try:
            document = edit.apply(self.document)
            report = validate(document)
        except StepwiseError as error:
            logger.bind(edit=name).info("Edit refused: {}", error)
            self.tell(self.places.reworded(getattr(edit, "at", "") or self.document.root, str(error)))
            return False
        except Exception as error:  # noqa: BLE001  (whatever it is, the graph stays and the user is told)
            logger.bind(edit=name).exception("Edit failed")
            self.tell(f"{edit.label}: Stepwise failed ({type(error).__name__}: {error}). Nothing has changed.")
            return False
        self._show(self.history.add(edit, document, origin), report, afresh=origin is not None)
        return True

    def apply_and_select(self, edit: Edit) -> bool:
        """Apply `edit`, and select the blocks that it added to the open definition, if there are any.

        Returns:
            Whether it was accepted.
        """
        before = self.definition.nodes.keys()
        accepted = self.apply(edit)
        added = tuple(name for name in self.definition.nodes if name not in before)
        if accepted and added:
            self.select(added)
        return accepted

    def undo(self) -> None:
        """Go back to the document before the last edit, if there is one."""
        if self.history.undo_label:
            self._show(self.history.undo())

    def redo(self) -> None:
        """Take the last undo back, if there is one."""
        if self.history.redo_label:
            self._show(self.history.redo())

    def open_document(self, document: Document, weights: Path | None = None, file: Path | None = None) -> bool:
        """Show another document; undo leads back to the present one, with its weights and file.

        Args:
            document: The model.
            weights: A safetensors file that training it begins with; starting values of our own if not given.
            file: The saved model that it is.

        Returns:
            Whether it was accepted; nothing has changed otherwise.
        """
        origin = Origin(weights=weights, file=file, name=document.name)
        accepted = self.apply(Replace(document=document), origin)
        if accepted:
            self.param.trigger("path")  # another model is in sight, though the way to it is the same
        return accepted

    def saved_in(self, file: Path) -> None:
        """Remember that the document is kept in `file`, under its present name."""
        self._keep(file=file, name=self.document.name)

    def file_of(self, name: str) -> Path | None:
        """The file that the document was opened from or saved to, if it was called `name` then."""
        origin = self.history.origin
        return origin.file if origin.name == name else None

    def _keep(self, **what: Any) -> None:
        self.history.origin = replace(self.history.origin, **what)

    def forget_weights(self) -> None:
        """Let training begin with starting values of our own."""
        text = "Training begins with fresh weights." if self.weights else "Training begins with fresh weights anyway."
        self.weights = None
        self.tell(text, tone="ok")

    def open(self, path: tuple[str, ...]) -> None:
        """Show the definition reached through `path`."""
        if path != self.path:
            self.param.update(path=path, nodes=(), wires=())

    def select(self, nodes: tuple[str, ...], wires: tuple[str, ...] = ()) -> None:
        """Select nodes and wires of the open definition."""
        if (nodes, wires) != (self.nodes, self.wires):
            self.param.update(nodes=nodes, wires=wires)

    def tell(self, text: str, tone: str = "error", action: str = "", command: str = "") -> None:
        """Show the user a sentence."""
        self.notice = Notice(text=text, tone=tone, action=action, command=command)

    def _show(self, document: Document, report: Report | None = None, afresh: bool = False) -> None:
        path = () if afresh else _still_there(document, self.path)
        stays = not afresh and path == self.path
        here = document.definition_at(path)
        drawn = {str(wire) for wire in here.wires}
        self.param.update(
            document=document,
            report=report or validate(document),
            path=path,
            nodes=tuple(node for node in self.nodes if stays and node in here.nodes),
            wires=tuple(wire for wire in self.wires if stays and wire in drawn),
            weights=self.history.origin.weights,
            revision=self.revision + 1,
        )


def _still_there(document: Document, path: tuple[str, ...]) -> tuple[str, ...]:
    """The longest start of `path` that can still be opened."""
    here = document.main
    for depth, name in enumerate(path):
        node = here.nodes.get(name)
        if node is None or node.kind not in document.definitions:
            return path[:depth]
        here = document.definitions[node.kind]
    return path
