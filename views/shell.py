"""Puts the window together: bars, panes and canvas, and the one place where commands end."""

from __future__ import annotations

import panel as pn
from loguru import logger

from engine import plugins
from engine.errors import StepwiseError
from views.actions import Actions
from views.bars import Bars
from views.canvas import CanvasPane
from views.canvas_part import HINTS
from views.commands import command_rows
from views.elsewhere import Elsewhere
from views.following import Following
from views.listeners import Listeners
from views.panes import Panes
from views.parts import Message, Window
from views.session import Session
from views.setup import Setup, choose_task
from views.state import WindowState
from views.workspace import Workspace

POLL = 250  # milliseconds between two looks at the run


class Shell:
    """One browser window. Holds its state and the parts that show it.

    Args:
        session: The document and what is selected in it.
        workspace: Where it is kept.
        setup: How the next run is trained.
    """

    def __init__(self, session: Session, workspace: Workspace, setup: Setup) -> None:
        self.session, self.workspace, self.setup = session, workspace, setup
        state = WindowState(session, workspace, setup)
        self.runner, self.selection, self.needs = state.runner, state.selection, state.needs
        self.canvas = CanvasPane(session, on_symbol=lambda _: session.select(()))  # the sizes stand in the inspector
        self._state, self._bars, self._greeted = state, Bars(state), False
        self._panes = Panes(state, self.canvas.part, lambda: self.window, self.command)
        self.toolbar, self.bottom = self._bars.toolbar, self._panes.bottom
        self.window = self._window()
        self.following = Following(session, self.selection)
        self.elsewhere = Elsewhere(session, setup, workspace, self.window)
        self._actions = Actions(state, self.canvas, self._panes, self.window, self.elsewhere)
        self._commands = self._actions.table()
        self._receive_all()
        self._listeners = Listeners(state, self.window, self._bars, self._panes, self.elsewhere)

    def _window(self) -> Window:
        bars, panes = self._bars, self._panes
        return Window(
            title=bars.title,
            toolbar=bars.toolbar,
            left=panes.left,
            centre=self.canvas.part,
            bottom=panes.bottom,
            right=panes.right,
            status=bars.status,
            commands=command_rows(),
            hints=HINTS,
        )

    def begin(self) -> None:
        """Follow the newest run, and look at it a few times a second as long as the page lives."""
        self.runner.follow_newest()
        pn.state.add_periodic_callback(self._poll, period=POLL)

    def _poll(self) -> None:
        self.runner.poll()
        if self._greeted:  # before, the browser could miss it
            self._state.proofs.poll()
            if self.elsewhere.poll():
                self._bars.show()
        self.needs.poll()
        self._state.likeness.poll()

    def command(self, name: str) -> None:
        """Every menu item, button and shortcut ends here; unknown names are for others."""
        act = self._commands.get(name)
        if act is None:
            return
        logger.debug("Command {}", name)
        try:
            act()
        except StepwiseError as error:
            self.session.tell(str(error))

    def new(self, name: str) -> None:
        """Put a template, sized for its task, in place of the document."""
        self._actions.new(name)

    def _receive_all(self) -> None:
        for part in (self.window, self._bars.toolbar, self._bars.status):
            part.on(self._receive)
        self._panes.inspector.part.on(lambda m: self.command(str(m.get("name", ""))))
        self._panes.palette.on(lambda m: self.canvas.add(m["add"]) if "add" in m else None)

    def _receive(self, message: Message) -> None:
        if message.get("type") == "ready":
            self._greet()
        elif message.get("id") == "task":
            choose_task(self.session, self.setup, str(message["value"]))
        elif message.get("id") == "obstacle":
            self.bottom.open("setup")
        elif "id" in message:
            self.command(str(message["id"]))

    def _greet(self) -> None:
        """Say what happened before there was a window to say it in."""
        self._greeted = True
        if self.workspace.broken is not None:
            text = f"The autosaved graph cannot be read. It was kept as {self.workspace.broken}; this is a new one."
            self.session.tell(text)
        if self.workspace.broken_setup:
            self.session.tell(f"{self.workspace.broken_setup} Runs are trained as their tasks recommend.")
        plugins.load_all()
        for text in plugins.problems():
            self.session.tell(text)
