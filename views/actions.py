"""What each command of the window does; their words and shortcuts stand in `views/commands.py`."""

from __future__ import annotations

from collections.abc import Callable

from views.adapters import Adapters
from views.canvas import CanvasPane
from views.composing import Composing
from views.dialogs import EMPTY, Dialogs
from views.elsewhere import Elsewhere
from views.exporting import Exporter
from views.first import blank_document, first_document
from views.panes import Panes
from views.parts import Window
from views.problems import show
from views.setup import choose_task
from views.starting import Starting
from views.state import WindowState
from views.trained import TrainedDialog

Act = Callable[[], object]


class Actions:
    """Holds what does the commands.

    Args:
        state: The model, its runs and where they are kept.
        canvas: Does what is done to selected blocks.
        panes: Opens panes.
        window: Opens dialogs and pages.
        elsewhere: Settles which window goes on.
    """

    def __init__(
        self, state: WindowState, canvas: CanvasPane, panes: Panes, window: Window, elsewhere: Elsewhere
    ) -> None:
        self._state, self._canvas, self._panes, self._elsewhere = state, canvas, panes, elsewhere
        self._dialogs = Dialogs(window, state.session, state.workspace, self.new)
        self._exporter = Exporter(state.session, state.runner, window)
        self._starting = Starting(state.session, state.setup, state.runner, state.selection, panes.bottom)
        self._trained = TrainedDialog(window, state.session, self._starting.show)

    def table(self) -> dict[str, Act]:
        """What is done, by command."""
        return {**self._on_files(), **self._on_the_graph(), **self._on_the_model(), **self._on_runs()}

    def _on_files(self) -> dict[str, Act]:
        dialogs = self._dialogs
        return {
            "new": dialogs.new,
            "open": dialogs.open,
            "open-trained": self._trained.ask,
            "save": lambda: dialogs.save(self._state.session.document.name),
            "save-as": dialogs.save_as,
            "download": dialogs.download,
            "export": self._exporter.ask,
            **self._elsewhere.commands(),
            "about": dialogs.about,
        }

    def _on_the_graph(self) -> dict[str, Act]:
        canvas, session = self._canvas, self._state.session
        return {
            "undo": session.undo,
            "redo": session.redo,
            "cut": canvas.cut,
            "copy": canvas.copy,
            "paste": canvas.paste,
            "duplicate": canvas.duplicate,
            "delete": canvas.delete,
            "select-all": canvas.select_all,
            "arrange": canvas.arrange,
            "up": lambda: session.open(session.path[:-1]),
            "open-inside": canvas.open_selected,
        }

    def _on_the_model(self) -> dict[str, Act]:
        session, panes = self._state.session, self._panes
        return {
            "find-block": lambda: panes.left.open("blocks"),
            "outline": panes.search_outline,
            **Composing(session).commands(),
            **Adapters(session, self._state.runner).commands(),
            "problems": lambda: panes.bottom.open("problems"),
            "fix": self.fix,
            "code": lambda: panes.bottom.open("code"),
        }

    def _on_runs(self) -> dict[str, Act]:
        return {
            **self._starting.commands(),
            "fresh-weights": self._state.session.forget_weights,
            "runs": lambda: self._panes.bottom.open("runs"),
            "mlflow": self._exporter.open_mlflow,
        }

    def new(self, name: str) -> None:
        """Put a template, sized for its task, in place of the document."""
        document, task = blank_document() if name == EMPTY else first_document(name)
        if self._state.session.open_document(document) and task:
            choose_task(self._state.session, self._state.setup, task)

    def fix(self) -> None:
        """Apply the first fix there is, and show where."""
        session = self._state.session
        problem = next((p for p in session.findings if p.fixes), None)
        if problem is None:
            session.tell("No problem has a fix.", tone="ok")
        else:
            show(session, problem)
            session.apply(problem.fixes[0].edit)
