"""Ties the canvas to the selection: a block chosen there is what the panes look at, and the other way round."""

from __future__ import annotations

from views.selection import Selection, without_indices
from views.session import Session

NAME = "canvas"


class Following:
    """Carries the chosen node from the session to the selection and back.

    Args:
        session: Knows what is selected on the canvas.
        selection: Knows what all panes look at.
    """

    def __init__(self, session: Session, selection: Selection) -> None:
        self._session, self._selection = session, selection
        session.param.watch(lambda _: self._chosen(), ["nodes"])
        selection.follow(NAME, self._follow)

    def _chosen(self) -> None:
        if len(self._session.nodes) == 1:
            self._selection.set(NAME, node=".".join((*self._session.path, *self._session.nodes)))

    def _follow(self) -> None:
        """Select the block, on the level that is open, that is or holds the chosen node."""
        path = tuple(without_indices(self._selection.node).split("."))
        here = self._session.path
        shared = 0
        while shared < min(len(here), len(path) - 1) and here[shared] == path[shared]:
            shared += 1
        if path[shared] not in self._session.document.definition_at(here[:shared]).nodes:
            return
        self._session.open(here[:shared])
        self._session.select((path[shared],))
