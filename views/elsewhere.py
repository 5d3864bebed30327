"""When another window of the user has written the graph: say so, and let the user choose which one goes on."""

from __future__ import annotations

from collections.abc import Callable

from views.parts import Window
from views.session import Session
from views.setup import Setup, task_of
from views.workspace import ELSEWHERE, Workspace

CHOOSE = "{news} This one is not autosaved until you choose; both are kept."


class Elsewhere:
    """Watches the workspace. Holds the notice that stands until the user has chosen.

    Args:
        session: This window's graph.
        setup: How its runs are trained.
        workspace: Where other windows write too.
        window: Shows the notice.
    """

    def __init__(self, session: Session, setup: Setup, workspace: Workspace, window: Window) -> None:
        self._session, self._setup, self._workspace, self._window = session, setup, workspace, window
        self._notice = ""

    def commands(self) -> dict[str, Callable[[], None]]:
        """What the notice offers, by command."""
        return {"load-that": self.load_that, "keep-mine": self.keep_mine}

    def poll(self) -> bool:
        """Look whether another window has written; call it a few times a second.

        Returns:
            Whether that is news.
        """
        news = self._workspace.look()
        if news:
            self.tell()
        return news

    def tell(self) -> None:
        """Show the notice, if it is due; it may have been put away."""
        if self._workspace.behind:
            actions = [("load-that", "Load the other"), ("keep-mine", "Keep this one")]
            self._window.dismiss(self._notice)
            self._notice = self._window.notify(self._question(), "warn", actions=actions, seconds=0)

    def _question(self) -> str:
        mine, other = self._session.document.name, self._workspace.other_name()
        named = f"{ELSEWHERE} There it is “{other}”, here “{mine}”." if other and other != mine else ELSEWHERE
        return CHOOSE.format(news=named)

    def load_that(self) -> None:
        """Show the other window's graph; this one is kept as a file, and one undo away."""
        if not self._is_due():
            return
        mine = self._session.document
        path = self._workspace.give_way(mine)
        other = self._workspace.restore()
        self._window.dismiss(self._notice)
        if other is None:
            self._workspace.autosave(mine)
            self._session.tell("The other window's graph is gone or cannot be read. This one stays.")
            return
        config = self._workspace.setup(task_of(other) or self._setup.config.task)
        self._session.open_document(other, self._workspace.weights())
        self._setup.config = config
        self._session.tell(f"This is the other window's graph. Undo brings yours back; it is kept as {path}.", "ok")

    def keep_mine(self) -> None:
        """Go on with this window's graph; the other one is kept as a file."""
        if not self._is_due():
            return
        path = self._workspace.take_over(self._session.document)
        self._workspace.keep_weights(self._session.weights)
        self._workspace.keep_setup(self._setup.config)
        self._window.dismiss(self._notice)
        kept = f" The other window's is kept as {path}." if path else ""
        self._session.tell(f"This window's graph goes on.{kept}", "ok")

    def _is_due(self) -> bool:
        if not self._workspace.behind:
            self._session.tell("No other window has changed this graph.", "ok")
        return self._workspace.behind
