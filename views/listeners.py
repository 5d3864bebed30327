"""What follows a change of the window's state: the work is kept, and what shows it is shown anew."""

from __future__ import annotations

from views.bars import Bars
from views.commands import unavailable
from views.elsewhere import Elsewhere
from views.panes import Panes
from views.parts import Window
from views.setup import settle
from views.state import WindowState


class Listeners:
    """Follows the state as long as the window lives.

    Args:
        state: What changes.
        window: Shows notices, and which commands cannot be done.
        bars: Say how model, run and setup stand.
        panes: Count the problems.
        elsewhere: Says that another window has changed the graph.
    """

    def __init__(self, state: WindowState, window: Window, bars: Bars, panes: Panes, elsewhere: Elsewhere) -> None:
        self._state, self._window, self._bars = state, window, bars
        self._panes, self._elsewhere = panes, elsewhere
        self._keep()
        self._show()
        self._stand()

    def _keep(self) -> None:
        session, setup, workspace = self._state.session, self._state.setup, self._state.workspace
        session.param.watch(lambda _: self._edited(), ["revision"])
        session.param.watch(lambda event: workspace.keep_weights(event.new), ["weights"])
        setup.param.watch(lambda event: workspace.keep_setup(event.new), ["config"])

    def _show(self) -> None:
        state, bars = self._state, self._bars
        state.session.param.watch(lambda *_: bars.show(), ["report", "path", "weights", "contracts", "proof"])
        state.session.param.watch(lambda _: self._panes.count_problems(), ["contracts"])
        state.session.param.watch(lambda _: self._notify(), ["notice"], onlychanged=False)
        state.setup.param.watch(lambda *_: bars.show(), ["config", "undecided", "obstacle"])
        state.needs.param.watch(lambda _: bars.show(), ["revision"])
        state.runner.param.watch(lambda *_: bars.show(), ["revision", "folder"])
        state.session.param.watch(lambda *_: self._stand(), ["report", "weights", "contracts"])
        state.runner.param.watch(lambda _: self._stand(), ["folder"])

    def _edited(self) -> None:
        state = self._state
        state.workspace.autosave(state.session.document)  # first: whatever fails after it, nothing is lost
        settle(state.session, state.setup)  # it may be another document, or an undo
        self._elsewhere.tell()
        self._panes.count_problems()

    def _notify(self) -> None:
        notice = self._state.session.notice
        if notice is not None:
            tone = {"error": "err"}.get(notice.tone, notice.tone)
            action = (notice.command, notice.action) if notice.action else None
            self._window.notify(notice.text, tone, action=action)

    def _stand(self) -> None:
        self._window.stand(unavailable(self._state.session, self._state.runner))
