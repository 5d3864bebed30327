"""Undo and redo: the documents before and after each step, and what goes with a document without being in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from builder.document import Document
from builder.edits import Edit, Move, SetLabel, SetSetting, SetSymbol

LONGEST = 1_000  # steps kept
PAUSE = 0.8  # seconds after which the next change of the same thing is a step of its own


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a document came from. It stays when the document is edited, and comes back when undo brings that back.

    Args:
        weights: A safetensors file that training begins with.
        file: The file that the document was opened from or saved to.
        name: What the document was called then.
    """

    weights: Path | None = None
    file: Path | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class _Step:
    edit: Edit
    label: str
    before: Document
    time: float
    other: Origin | None = None  # if the step brought another document: that of the one which is out of sight


class History:
    """State: the document, its origin, and the steps that led to it.

    `origin` may be set, as when the document is saved; that is no step.

    Args:
        document: Where it begins.
        clock: Seconds that pass, for joining quick changes of one thing into one step.
    """

    def __init__(self, document: Document, clock: Callable[[], float] = time.monotonic) -> None:
        self._document = document
        self._clock = clock
        self._past: list[_Step] = []
        self._future: list[tuple[_Step, Document]] = []
        self.origin = Origin()

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

    def add(self, edit: Edit, after: Document, origin: Origin | None = None) -> Document:
        """Take down that `edit` has made `after` of the present document.

        Args:
            edit: What was done.
            after: What came of it.
            origin: Where `after` came from, if it is another document; that of the present one if not given.
        """
        if after == self._document and origin in (None, self.origin):
            return self._document
        other = None if origin is None else self.origin
        step = _Step(edit=edit, label=edit.label, before=self._document, time=self._clock(), other=other)
        if self._past and not self._future and _joins(self._past[-1], step):
            step = replace(step, before=self._past.pop().before)
        if step.before != after or other is not None:
            self._past = [*self._past[1 - LONGEST :], step]
        self._future.clear()
        self._document, self.origin = after, origin or self.origin
        return after

    def undo(self) -> Document:
        """Take the last step back; without one, nothing changes."""
        if self._past:
            step = self._past.pop()
            self._future.append((self._turned(step), self._document))
            self._document = step.before
        return self._document

    def redo(self) -> Document:
        """Do the step again that was taken back last; without one, nothing changes."""
        if self._future:
            step, self._document = self._future.pop()
            self._past.append(self._turned(step))
        return self._document

    def _turned(self, step: _Step) -> _Step:
        """The step for the way back; where it brings another document, the origins change places."""
        if step.other is None:
            return step
        self.origin, there = step.other, self.origin
        return replace(step, other=there)


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
