"""Undo and redo: the documents before and after each step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from builder.document import Document
from builder.edits import Edit, Move, SetLabel, SetSetting, SetSymbol

LONGEST = 1_000  # steps kept
PAUSE = 0.8  # seconds after which the next change of the same thing is a step of its own


@dataclass(frozen=True, kw_only=True)
class _Step:
    edit: Edit
    label: str
    before: Document
    time: float


class History:
    """State: the document and the steps that led to it.

    Args:
        document: Where it begins.
        clock: Seconds that pass, for joining quick changes of one thing into one step.
    """

    def __init__(self, document: Document, clock: Callable[[], float] = time.monotonic) -> None:
        self._document = document
        self._clock = clock
        self._past: list[_Step] = []
        self._future: list[tuple[_Step, Document]] = []

    @property
    def document(self) -> Document:
        """The present document."""
        return self._document

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty if there is nothing."""
        return self._past[-1].label if self._past else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again; empty if there is nothing."""
        return self._future[-1][0].label if self._future else ""

    @property
    def labels(self) -> list[str]:
        """All steps that can be taken back, the latest last."""
        return [step.label for step in self._past]

    def apply(self, edit: Edit) -> Document:
        """Do one edit; an edit that changes nothing is no step.

        Raises:
            EditError: If it does not apply; nothing has changed then.
        """
        return self.add(edit, edit.apply(self._document))

    def add(self, edit: Edit, after: Document) -> Document:
        """Take down that `edit` has made `after` of the present document."""
        if after == self._document:
            return self._document
        step = _Step(edit=edit, label=edit.label, before=self._document, time=self._clock())
        if self._past and not self._future and _joins(self._past[-1], step):
            step = replace(step, before=self._past.pop().before)
        if step.before != after:
            self._past = [*self._past[1 - LONGEST :], step]
        self._future.clear()
        self._document = after
        return after

    def undo(self) -> Document:
        """Take the last step back; without one, nothing changes."""
        if self._past:
            step = self._past.pop()
            self._future.append((step, self._document))
            self._document = step.before
        return self._document

    def redo(self) -> Document:
        """Do the step again that was taken back last; without one, nothing changes."""
        if self._future:
            step, self._document = self._future.pop()
            self._past.append(step)
        return self._document


def _joins(last: _Step, new: _Step) -> bool:
    """Whether both change the same thing, shortly after one another."""
    thing = _thing(new.edit)
    return thing is not None and thing == _thing(last.edit) and new.time - last.time <= PAUSE


def _thing(edit: Edit) -> tuple[object, ...] | None:
    match edit:
        case Move():
            return Move, edit.at, frozenset(edit.positions)
        case SetSetting():
            return SetSetting, edit.at, edit.node, edit.name, edit.layer
        case SetSymbol():
            return SetSymbol, edit.at, edit.name
        case SetLabel():
            return SetLabel, edit.at, edit.node
    return None
