"""Every pane of the window, once: the dock it stands in, its tab, and what it is made from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from views.attention import AttentionPane
from views.canvas_part import Canvas
from views.code import CodePane
from views.inspector import InspectorPane
from views.log import LogPane
from views.outline import OutlinePane
from views.palette import PalettePane
from views.parts import Dock, Window
from views.problems import ProblemsPane
from views.runs import RunsPane
from views.setup import SetupPane
from views.state import WindowState
from views.training import TrainingPane

Makers = dict[str, Callable[[], object]]  # by the tab's name: what makes the pane when it is first shown
WIDE = ("setup", "runs")  # panes that take the whole dock


class Pane(Protocol):
    """What can catch up with what it has missed out of sight."""

    def refresh(self) -> None:
        """Show what is new."""


P = TypeVar("P", bound=Pane)


class Panes:
    """The docks at the left, at the right and below, with their panes.

    Args:
        state: What the panes show.
        canvas: Offers the palette's blocks too.
        window: The window, once it stands: it asks what panes want to know.
        command: Does what a pane's buttons ask for.
    """

    def __init__(
        self, state: WindowState, canvas: Canvas, window: Callable[[], Window], command: Callable[[str], None]
    ) -> None:
        self._state, self._window, self._command = state, window, command
        self.palette = PalettePane(state.session, canvas).part
        self.inspector = InspectorPane(state.session, state.needs, lambda dialog, then: window().ask(dialog, then))
        self.left = _dock("left", {"blocks": lambda: self.palette, "outline": lambda: self.outline.part}, "blocks")
        self.outline = OutlinePane(state.session, lambda: "outline" in self.left.active)
        self.left.param.watch(lambda _: self.outline.show(), ["active"])
        self.right = _dock("right", {"inspector": lambda: self.inspector.part}, "inspector")
        self.bottom = _dock("bottom", self._below(), "train", "attention", limit=2, lazy=True)
        self.count_problems()

    def _below(self) -> Makers:
        s, seen, command = self._state, self._seen, self._command
        looks = (s.runner, s.selection)
        return {
            "problems": lambda: ProblemsPane(s.session, s.proofs, self._window()).part,
            "setup": lambda: SetupPane(s.session, s.setup).part,
            "train": lambda: TrainingPane(s.runner, s.setup, s.likeness).view,
            "attention": lambda: seen("attention", partial(AttentionPane, *looks, s.likeness, command)).view,
            "runs": lambda: seen("runs", partial(RunsPane, s.session, *looks, command)).view,
            "code": lambda: seen("code", partial(CodePane, s.session, s.selection)).part,
            "log": lambda: seen("log", partial(LogPane, s.runner)).part,
        }

    def _seen(self, name: str, make: Callable[[Callable[[], bool]], P]) -> P:
        """A pane that works only while it is in sight, and catches up when it comes back there."""
        pane = make(lambda: name in self.bottom.active)
        self.bottom.param.watch(lambda _: pane.refresh(), ["active"])
        return pane

    def count_problems(self) -> None:
        """Put the number of problems at their tab."""
        found = self._state.session.findings
        errors = any(problem.severity == "error" for problem in found)
        self.bottom.badge("problems", len(found) or None, tone="err" if errors else "warn" if found else "")

    def search_outline(self) -> None:
        """Show the outline with the keyboard in its search field."""
        self.left.open("outline")
        self.outline.search()


def _dock(place: str, panes: Makers, *active: str, **params: Any) -> Dock:
    tabs = [{"id": name, "label": name.capitalize(), "alone": name in WIDE} for name in panes]
    return Dock(panes, tabs=tabs, active=list(active), place=place, **params)
