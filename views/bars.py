"""The three bars of the window, shown anew whenever what they say may have changed."""

from __future__ import annotations

from views.parts import Bar
from views.state import WindowState
from views.toolbar import status_bar, title_bar, toolbar


class Bars:
    """Title, toolbar and status bar of one window. Holds the parts that show them.

    Args:
        state: What they tell of.
    """

    def __init__(self, state: WindowState) -> None:
        self._state = state
        self.toolbar, self.status = Bar(look="toolbar"), Bar(look="status")
        self.title = Bar(look="title")
        self.show()

    def show(self) -> None:
        """Say what is true now; only what differs is sent."""
        s = self._state
        self.toolbar.show(toolbar(s.session, s.runner, s.setup))
        self.status.show(status_bar(s.session, s.runner, s.workspace.problem, s.needs))
        self.title.show(title_bar(s.session))
