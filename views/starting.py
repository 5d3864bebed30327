"""Runs begin, pause and go on from the window; what cannot be trained is told with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.channel import Command, Step
from views.parts import Dock
from views.runner import Runner
from views.selection import Selection
from views.session import Session
from views.setup import Setup
from views.trained import tell_beginning


class Starting:
    """Does the commands of the menu Run.

    Args:
        session: The model.
        setup: How it is trained.
        runner: Starts and follows the run.
        selection: Told that another run is looked at.
        dock: Shows its pane.
    """

    def __init__(self, session: Session, setup: Setup, runner: Runner, selection: Selection, dock: Dock) -> None:
        self._session, self._setup, self._runner = session, setup, runner
        self._selection, self._dock = selection, dock

    def commands(self) -> dict[str, Callable[[], None]]:
        """What it does, by command."""
        return {"train": self.train, "step": self.step, "stop": self._runner.stop}

    def train(self) -> None:
        """Start a run, pause it, or let it go on."""
        if self._runner.is_going:
            self._runner.toggle()
        elif self._is_right():
            self._begin()

    def step(self) -> None:
        """Do one step, of the present run or of a new one."""
        if self._runner.is_going:
            self._runner.one_step()
        elif self._is_right():
            self._begin(Step())

    def _begin(self, *first: Command) -> None:
        """Start a run that obeys `first` before its first step, and have all panes look at it."""
        session = self._session
        run = self._runner.start(session.document, self._setup.config, *first, weights=session.weights)
        tell_beginning(session, run)
        self._selection.set("shell", run="", step=None)
        self._dock.open("train")

    def show(self, folder: Path) -> None:
        """Follow a run and look at its attention."""
        self._runner.follow(folder)
        self._selection.set("shell", run=folder.name, step=None)
        self._dock.open("attention")

    def _is_right(self) -> bool:
        if not self._session.report.ok:
            text = "The model cannot be trained before its problems are mended."
            self._session.tell(text, action="Show problems", command="problems")
            return False
        if self._setup.obstacle:
            self._session.tell(self._setup.obstacle)
        return not self._setup.obstacle
