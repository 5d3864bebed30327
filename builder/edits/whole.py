"""Edits of a document as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from builder import limits
from builder.document import Document
from builder.edits.base import Edit, check_text, home
from builder.paths import steps
from engine.errors import DocumentError, EditError


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Several edits as one step of undo; all apply or none does.

    Args:
        edits: In this order, each to what the one before left.
        label: Text of the undo menu.
    """

    edits: tuple[Edit, ...]
    label: str = "Edit"

    def apply(self, document: Document) -> Document:
        """Return `document` after all edits.

        Raises:
            EditError: If one of them does not apply.
        """
        for edit in self.edits:
            document = edit.apply(document)
        return document


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Put another document in the place of this one.

    Args:
        document: The new one.
        label: Text of the undo menu.
    """

    document: Document
    label: str = "Open"

    def apply(self, document: Document) -> Document:  # noqa: ARG002
        """Return the new document."""
        return self.document


@dataclass(frozen=True, kw_only=True)
class RenameDocument:
    """Call the model something.

    Args:
        name: Any text.
    """

    name: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return "Rename model"

    def apply(self, document: Document) -> Document:
        """Return `document` with its name.

        Raises:
            EditError: If the name is empty or too long.
        """
        check_text(self.name)
        if not self.name.strip():
            raise EditError("A model needs a name. Write at least one letter.")
        return replace(document, name=self.name)


@dataclass(frozen=True, kw_only=True)
class Retitle:
    """Call a composite something in the palette and on the canvas; its id stays.

    Args:
        title: Any text.
        at: The definition; empty is the root.
    """

    title: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Rename composite to {self.title}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the definition under its new title.

        Raises:
            EditError: If the title is empty or too long.
        """
        check_text(self.title)
        if not self.title.strip():
            raise EditError("A composite needs a title. Write at least one letter.")
        return document.with_definition(replace(home(document, self.at), title=self.title.strip()))


@dataclass(frozen=True, kw_only=True)
class SetTask:
    """Say which task the model is for.

    Args:
        task: Name of a task; empty is none.
    """

    task: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Choose task {self.task}"

    def apply(self, document: Document) -> Document:
        """Return `document` with its task.

        Raises:
            EditError: If the name is too long.
        """
        check_text(self.task)
        return replace(document, task=self.task)


@dataclass(frozen=True, kw_only=True)
class Tie:
    """Make two parameters one storage.

    Args:
        first: Path of the parameter that becomes the second, such as `lm_head.weight`.
        second: Path of the parameter that stays, such as `embed.weight`.
    """

    first: str
    second: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Tie {self.first} to {self.second}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the tie.

        Raises:
            EditError: If a path leads nowhere, or the first is tied already.
        """
        self._check(document)
        return replace(document, ties=(*document.ties, (self.first, self.second)))

    def _check(self, document: Document) -> None:
        for path in (self.first, self.second):
            try:
                steps(document, path)
            except DocumentError as error:
                raise EditError(str(error)) from None
        if self.first == self.second:
            raise EditError(f"{self.first} cannot be tied to itself. Name another parameter.")
        tied = {first for first, _ in document.ties}
        if self.first in tied:
            raise EditError(f"{self.first} is tied already. Untie it first.")
        if self.second in tied or self.first in {second for _, second in document.ties}:
            raise EditError(f"{self.first} and {self.second} are part of another tie. Tie all to the one that stays.")
        if len(document.ties) >= limits.MAX_TIES:
            raise EditError(f"The document has {limits.MAX_TIES} ties, the most allowed.")


@dataclass(frozen=True, kw_only=True)
class Untie:
    """Give a tied parameter its own storage again.

    Args:
        first: Path of the parameter that was tied to another.
    """

    first: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Untie {self.first}"

    def apply(self, document: Document) -> Document:
        """Return `document` without the tie.

        Raises:
            EditError: If there is none.
        """
        left = tuple(tie for tie in document.ties if tie[0] != self.first)
        if left == document.ties:
            raise EditError(f"{self.first} is not tied to anything.")
        return replace(document, ties=left)
