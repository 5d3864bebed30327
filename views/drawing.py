"""When to draw: after the browser has the pane, under the document's lock, and once for many changes.

Handlers of messages may run without the lock that Bokeh's own models need, and what is changed before the browser
has a pane can arrive before the pane itself. Both lose the picture, so panes with figures draw through this.
"""

from __future__ import annotations

from collections.abc import Callable

import panel as pn


class Drawing:
    """Calls `draw` on the loop of the document that it was made for. Holds whether that is due.

    Without a document (scripts, tests) it draws at once.
    """

    def __init__(self, draw: Callable[[], None]) -> None:
        self._draw, self._due = draw, False
        self._document = pn.state.curdoc
        self._begun = self._document is None

    def begin(self) -> None:
        """The browser has the pane: draw what it missed, and all that changes from now on."""
        self._begun = True
        self.ask()

    def ask(self) -> None:
        """Draw soon; several wishes before that are one."""
        if self._document is None:
            self._draw()
        elif self._begun and not self._due:
            self._due = True
            self._document.add_next_tick_callback(self._paint)

    def _paint(self) -> None:
        self._due = False
        self._draw()
