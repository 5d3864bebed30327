"""Puts the window together: panes, bars, and the one place where commands end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import panel as pn
from loguru import logger

from engine import plugins
from engine.errors import StepwiseError
from views.adapters import Adapters
from views.attention import AttentionPane
from views.canvas import CanvasPane
from views.canvas_part import HINTS
from views.code import CodePane
from views.commands import command_rows, unavailable
from views.composing import Composing
from views.dialogs import EMPTY, Dialogs
from views.elsewhere import Elsewhere
from views.exporting import Exporter
from views.first import blank_document, first_document
from views.following import Following
from views.inspector import InspectorPane
from views.likeness import Likeness
from views.log import LogPane
from views.needs import Needs
from views.outline import OutlinePane
from views.palette import PalettePane
from views.parts import Bar, Dock, Message, Window
from views.problems import ProblemsPane, show
from views.proofs import Proofs
from views.proving import prover
from views.runner import Runner
from views.runs import RunsPane
from views.selection import Selection
from views.session import Session
from views.setup import Setup, SetupPane, choose_task, settle
from views.starting import Starting
from views.toolbar import status_bar, title_bar, toolbar
from views.trained import TrainedDialog
from views.training import TrainingPane
from views.workspace import Workspace

POLL = 250  # milliseconds between two looks at the run


class Pane(Protocol):
    """What can catch up with what it has missed out of sight."""

    def refresh(self) -> None:
        """Show what is new."""


P = TypeVar("P", bound=Pane)


class Shell:
    """One browser window. Holds the state and the parts that show it.

    Args:
        session: The document and what is selected in it.
        workspace: Where it is kept.
        setup: How the next run is trained.
    """

    def __init__(self, session: Session, workspace: Workspace, setup: Setup) -> None:
        self.session, self.workspace, self.setup = session, workspace, setup
        self.runner, self.selection, self._greeted = Runner(), Selection(), False
        settle(session, setup)
        self.proofs, self.needs = Proofs(session, prover()), Needs(session, setup)
        self.likeness = Likeness(session)
        self.canvas = CanvasPane(session, on_symbol=lambda _: session.select(()))  # the sizes stand in the inspector
        self._bars()
        self._docks()
        self.window = Window(
            title=self.title,
            toolbar=self.toolbar,
            left=self.left,
            centre=self.canvas.part,
            bottom=self.bottom,
            right=self.right,
            status=self.status,
            commands=command_rows(),
            hints=HINTS,
        )
        self.dialogs = Dialogs(self.window, session, workspace, self.new)
        self.exporter = Exporter(session, self.runner, self.window)
        self.following = Following(session, self.selection)
        self.starting = Starting(session, setup, self.runner, self.selection, self.bottom)
        self.elsewhere = Elsewhere(session, setup, workspace, self.window)
        self._commands = self._table()
        self._listen()
        self._stand()

    def _bars(self) -> None:
        self.toolbar, self.status = Bar(look="toolbar"), Bar(look="status")
        self.title = Bar(look="title")
        self._refresh()

    def _docks(self) -> None:
        self.palette = PalettePane(self.session, self.canvas.part).part
        self.inspector = InspectorPane(self.session, self.needs, lambda dialog, then: self.window.ask(dialog, then))
        left: dict[str, Callable[[], object]] = {"blocks": lambda: self.palette, "outline": lambda: self.outline.part}
        self.left = Dock(left, tabs=[_tab(name) for name in left], active=["blocks"], place="left")
        self.outline = OutlinePane(self.session, lambda: "outline" in self.left.active)
        self.left.param.watch(lambda _: self.outline.show(), ["active"])
        self.right = Dock(
            {"inspector": lambda: self.inspector.part}, tabs=[_tab("inspector")], active=["inspector"], place="right"
        )
        runner, selection, alike, seen = self.runner, self.selection, self.likeness, self._seen
        panes: dict[str, Callable[[], object]] = {
            "problems": lambda: ProblemsPane(self.session, self.proofs, self.window).part,
            "setup": lambda: SetupPane(self.session, self.setup).part,
            "train": lambda: TrainingPane(runner, self.setup, alike).view,
            "attention": lambda: seen("attention", partial(AttentionPane, runner, selection, alike, self.command)).view,
            "runs": lambda: seen("runs", partial(RunsPane, self.session, runner, selection, self.command)).view,
            "code": lambda: seen("code", partial(CodePane, self.session, selection)).part,
            "log": lambda: seen("log", partial(LogPane, runner)).part,
        }
        tabs = [{**_tab(name), "alone": name in ("setup", "runs")} for name in panes]
        self.bottom = Dock(panes, tabs=tabs, active=["train", "attention"], limit=2, place="bottom", lazy=True)
        self._problems()

    def _seen(self, name: str, make: Callable[[Callable[[], bool]], P]) -> P:
        """A pane that works only while it is in sight, and catches up when it comes back there."""
        pane = make(lambda: name in self.bottom.active)
        self.bottom.param.watch(lambda _: pane.refresh(), ["active"])
        return pane

    def _listen(self) -> None:
        session = self.session
        for part in (self.window, self.toolbar, self.status):
            part.on(self._receive)
        self.inspector.part.on(lambda m: self.command(str(m.get("name", ""))))
        self.palette.on(lambda m: self.canvas.add(m["add"]) if "add" in m else None)
        session.param.watch(lambda _: self._edited(), ["revision"])
        session.param.watch(lambda event: self.workspace.keep_weights(event.new), ["weights"])
        session.param.watch(lambda *_: self._refresh(), ["report", "path", "weights", "contracts", "proof"])
        session.param.watch(lambda _: self._problems(), ["contracts"])
        session.param.watch(lambda _: self._notify(), ["notice"], onlychanged=False)
        self.setup.param.watch(lambda event: self.workspace.keep_setup(event.new), ["config"])
        self.setup.param.watch(lambda *_: self._refresh(), ["config", "undecided", "obstacle"])
        self.needs.param.watch(lambda _: self._refresh(), ["revision"])
        self.runner.param.watch(lambda *_: self._refresh(), ["revision", "folder"])
        session.param.watch(lambda *_: self._stand(), ["report", "weights", "contracts"])
        self.runner.param.watch(lambda _: self._stand(), ["folder"])

    def begin(self) -> None:
        """Follow the newest run, and look at it a few times a second as long as the page lives."""
        self.runner.follow_newest()
        pn.state.add_periodic_callback(self._poll, period=POLL)

    def _poll(self) -> None:
        self.runner.poll()
        if self._greeted:  # before, the browser could miss it
            self.proofs.poll()
            if self.elsewhere.poll():
                self._refresh()
        self.needs.poll()
        self.likeness.poll()

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

    def _table(self) -> dict[str, Callable[[], object]]:
        canvas, session, dialogs = self.canvas, self.session, self.dialogs
        return {
            "new": dialogs.new,
            "open": dialogs.open,
            "open-trained": TrainedDialog(self.window, session, self.starting.show).ask,
            "save": lambda: dialogs.save(session.document.name),
            "save-as": dialogs.save_as,
            "download": dialogs.download,
            "export": self.exporter.ask,
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
            "find-block": lambda: self.left.open("blocks"),
            "outline": self.search_outline,
            **Composing(session).commands(),
            **Adapters(session, self.runner).commands(),
            "problems": lambda: self.bottom.open("problems"),
            "code": lambda: self.bottom.open("code"),
            "fix": self.fix,
            **self.starting.commands(),
            **self.elsewhere.commands(),
            "fresh-weights": session.forget_weights,
            "runs": lambda: self.bottom.open("runs"),
            "mlflow": self.exporter.open_mlflow,
            "about": dialogs.about,
        }

    def search_outline(self) -> None:
        """Show the outline with the keyboard in its search field."""
        self.left.open("outline")
        self.outline.search()

    def fix(self) -> None:
        """Apply the first fix there is, and show where."""
        problem = next((p for p in self.session.findings if p.fixes), None)
        if problem is None:
            self.session.tell("No problem has a fix.", tone="ok")
        else:
            show(self.session, problem)
            self.session.apply(problem.fixes[0].edit)

    def new(self, name: str) -> None:
        """Put a template, sized for its task, in place of the document."""
        document, task = blank_document() if name == EMPTY else first_document(name)
        if self.session.open_document(document) and task:
            choose_task(self.session, self.setup, task)

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

    def _edited(self) -> None:
        self.workspace.autosave(self.session.document)  # first: whatever fails after it, nothing is lost
        settle(self.session, self.setup)  # it may be another document, or an undo
        self.elsewhere.tell()
        self._problems()

    def _problems(self) -> None:
        found = self.session.findings
        errors = any(problem.severity == "error" for problem in found)
        self.bottom.badge("problems", len(found) or None, tone="err" if errors else "warn" if found else "")

    def _notify(self) -> None:
        notice = self.session.notice
        if notice is not None:
            tone = {"error": "err"}.get(notice.tone, notice.tone)
            action = (notice.command, notice.action) if notice.action else None
            self.window.notify(notice.text, tone, action=action)

    def _stand(self) -> None:
        self.window.stand(unavailable(self.session, self.runner))

    def _refresh(self) -> None:
        self.toolbar.show(toolbar(self.session, self.runner, self.setup))
        self.status.show(status_bar(self.session, self.runner, self.workspace.problem, self.needs))
        self.title.show(title_bar(self.session))


def _tab(name: str) -> dict[str, Any]:
    return {"id": name, "label": name.capitalize()}
