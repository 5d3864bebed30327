"""The attention pane: where the heads of a checkpoint look on the user's text, in 2D and 3D, all linked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import panel as pn

from engine import locations, runs
from engine.attention_maps import AttentionStack
from engine.errors import StepwiseError
from engine.status import read_status
from views.attention3d import Attention3D
from views.attention_bars import LATEST, Focus, Pictured, picture_items, text_items, titles
from views.attention_plots import HeadMap
from views.attention_source import Answer, Choice, Looker, Request, choice_of
from views.attention_wall import HeadWall
from views.drawing import Drawing
from views.likeness import Likeness, likeness_items
from views.parts import Bar, Sheet
from views.runner import Runner
from views.selection import Selection, related, without_indices
from views.theme import BLUES, EMBER, ramp

NAME = "attention"  # of this pane, towards the selection
NO_RUN = "Train a model or choose a run to see where its heads look."
NO_CHECKPOINT = "The heads appear here with the first checkpoint of the run."
NO_HEADS = "This model has no attention block. Put one in, and train, to see where its heads look."
RUNS = 20  # offered by the list
# One picture at a time, or the map of a head, cells square, beside the wall of all, which has the room that is left.
LAYOUT = """:host { container-type: size; gap: 8px; --side: calc(100cqh - 10px); }
.bk-Figure { flex: none !important; min-width: 0; margin: 2px 0 8px !important; }
.head-map { --w: min(var(--side) * var(--cells), 56cqw); width: var(--w) !important;
  height: calc(var(--w) / var(--cells)) !important; }
.head-wall { flex: 1 1 0 !important; height: var(--side) !important; }
:host(.all) .head-map, :host(.cube) .bk-Figure { display: none !important; }
:host(:not(.cube)) .cube { display: none !important; }"""
# The two bars are one line where there is room.
BARS = ":host { flex-wrap: wrap; } :host > * { flex: 1 1 400px !important; }"
MODES = {"Head": "head", "All": "all", "3D": "cube"}


class AttentionPane:
    """Follows the runner and the selection; holds the text and the stacks that are shown.

    Args:
        runner: Its run is shown unless the selection names another.
        selection: What is chosen here or elsewhere.
        likeness: Whether a run is of the model on the canvas.
        command: Called with the name of a command, for the empty pane's button.
        is_shown: Whether the pane is in sight; out of sight it looks into no model.
    """

    def __init__(
        self,
        runner: Runner,
        selection: Selection,
        likeness: Likeness,
        command: Callable[[str], None] = lambda _: None,
        is_shown: Callable[[], bool] = lambda: True,
    ) -> None:
        self._runner, self._selection, self._is_shown = runner, selection, is_shown
        self._likeness = likeness
        self._mode, self._text, self._own = "Head", "", False
        self._stacks: tuple[AttentionStack, ...] = ()
        self._at, self._problem = 0, ""
        self._choice: Choice | None = None
        self._names: dict[str, str] = {}
        self._wanted: Request | None = None
        self._asked: Request | None = None
        self._looker, self._drawing = Looker(self._receive), Drawing(self._paint)
        self._map = HeadMap(lambda query, key: self._choose(query=query, key=key))
        self._wall = HeadWall(self._choose_head)
        ramps = {"light": ramp(BLUES), "dark": ramp(EMBER)}
        self._cube = Attention3D(
            lambda cell: self._choose(**cell), self._begin, ramps=ramps, css_classes=["cube"],
            sizing_mode="stretch_both",
        )  # fmt: skip
        self._build(command)
        runner.param.watch(lambda *_: self.refresh(), ["folder", "checkpoints"])
        runner.param.watch(lambda _: self._ask(), ["revision"])
        selection.follow(NAME, self._follow)
        likeness.param.watch(lambda _: self._draw_bars(), ["revision"])
        self.refresh()
        self._paint()

    def _begin(self) -> None:
        """The browser has the pane."""
        self._drawing.begin()
        self._looker.begin()

    def _build(self, command: Callable[[str], None]) -> None:
        self._map.figure.css_classes, self._wall.figure.css_classes = ["head-map"], ["head-wall"]
        size: dict[str, Any] = {"sizing_mode": "stretch_width", "height": 28, "margin": 0}
        self._head, self._foot = Bar(**size), Bar(**size)
        for bar in (self._head, self._foot):
            bar.on(self._hear)
        self._empty = Sheet(sizing_mode="stretch_both", margin=0)
        self._empty.on(lambda _: command("train"))
        figures = (pn.pane.Bokeh(plot.figure, margin=0) for plot in (self._map, self._wall))
        self._pictures = pn.Row(*figures, self._cube, sizing_mode="stretch_both", margin=0, stylesheets=[LAYOUT])
        bars = pn.Row(self._head, self._foot, sizing_mode="stretch_width", margin=0, stylesheets=[BARS])
        parts = (bars, self._empty, self._pictures)
        self.view = pn.Column(*parts, sizing_mode="stretch_both", margin=0)

    @property
    def stack(self) -> AttentionStack | None:
        """The stack that is shown."""
        return self._stacks[self._at] if self._stacks else None

    @property
    def focus(self) -> Focus:
        """The head and the cell that are shown: the selection's, as far as the stack has them."""
        chosen = self._selection
        return Focus.inside(self.stack, chosen.layer, chosen.head, chosen.query, chosen.key)

    def refresh(self) -> None:
        """Look again, if it is in sight, when the run, the checkpoint or the text is another one."""
        if not self._is_shown():
            return
        name = self._selection.run
        self._choice = choice = choice_of(locations.runs() / name if name else self._runner.folder)
        self._names = {folder.name: _name(folder) for folder in runs.folders(locations.runs())[:RUNS]}
        if choice is None:
            self._wanted, self._asked, self._stacks, self._problem = None, None, (), ""
            self._drawing.ask()
            return
        step = choice.nearest(self._selection.step)
        self._wanted = Request(folder=choice.folder, step=step, text=self._text if self._own else None)
        self._ask()
        self._drawing.ask()

    def _ask(self) -> None:
        """Ask for what is wanted; a run that has just begun shows its first loss before anybody looks inside."""
        wanted = self._wanted
        if wanted is None or wanted == self._asked or not self._is_shown():
            return
        if self._runner.begins and wanted.folder == self._runner.folder:
            return
        self._asked = wanted
        self._looker.ask(wanted)

    def _receive(self, answer: Answer) -> None:
        if answer.request != self._asked:  # its run has given way to one without a checkpoint
            return
        shown = self.stack.paths[0] if self.stack else self._selection.node
        self._stacks, self._text, self._problem = answer.stacks, answer.text, answer.problem
        self._at = self._index_of(shown) or 0
        self._drawing.ask()

    def _index_of(self, node: str) -> int | None:
        """Which stack holds a node, or lies inside it; the present one if it does."""
        order = sorted(range(len(self._stacks)), key=lambda i: i != self._at)
        fits = (i for i in order if node and self._holds(i, without_indices(node)))
        return next(fits, None)

    def _holds(self, index: int, node: str) -> bool:
        return any(related(without_indices(path), node) for path in self._stacks[index].paths)

    def _follow(self) -> None:
        """Something was chosen elsewhere."""
        if {"run", "step"} & set(self._selection.changed):
            self.refresh()
        if "node" in self._selection.changed:
            found = self._index_of(self._selection.node)
            self._at = self._at if found is None else found
        self._drawing.ask()

    def _choose(self, **cell: Any) -> None:
        """Something was chosen here: tell the others, then show it."""
        if self.stack is None:
            return
        focus = Focus.inside(self.stack, **(self.focus.as_dict() | cell))
        node = without_indices(self.stack.paths[focus.layer])
        self._selection.set(NAME, node=node.rpartition(".")[0] or node, **focus.as_dict())
        self._drawing.ask()

    def _choose_head(self, layer: int | None, head: int | None) -> None:
        known = {"layer": layer, "head": head}
        self._choose(**{name: value for name, value in known.items() if value is not None})

    def _hear(self, message: dict[str, Any]) -> None:
        """One of the bars' controls was used."""
        name, value = message["id"], cast(Any, message.get("value"))
        match name:
            case "mode":
                self._mode = str(value)
                self._drawing.ask()
            case "layer" | "head":
                self._choose(**{name: value})
            case "node":
                self._at = value if value in range(len(self._stacks)) else self._at
                self._choose(query=None, key=None)
            case "text":
                self._text, self._own = str(value), bool(value)
                self.refresh()
            case "run":
                self._own = False
                self._selection.set(NAME, run=str(value), step=None)
                self.refresh()
            case "step":
                self._selection.set(NAME, step=None if value == LATEST else value)
                self.refresh()

    def _paint(self) -> None:
        """Show the stack, the head and the cell in every picture."""
        self._draw_bars()
        classes = [MODES[self._mode]]
        self._pictures.visible, self._empty.visible = self.stack is not None, self.stack is None
        if self.stack is None:
            self._empty.show([self._lesson()])
            return
        stack, focus = self.stack, self.focus
        _, _, T, S = stack.shape
        styles = {"--cells": str(min(max(S / T, 0.5), 2))}
        if (self._pictures.css_classes, self._pictures.styles) != (classes, styles):
            self._pictures.param.update(css_classes=classes, styles=styles)
            for plot in (self._map.figure, self._wall.figure):  # Bokeh does not see that CSS resized it
                plot.min_border_right = 1 - plot.min_border_right
        self._wall.show(stack)
        self._wall.mark(focus.layer, focus.head)
        self._map.show(stack, focus.layer, focus.head)
        self._map.mark(focus.query, focus.key)
        if self._mode == "3D":
            self._draw_cube(stack, focus)

    def _draw_cube(self, stack: AttentionStack, focus: Focus) -> None:
        self._cube.load(stack)
        self._cube.param.update(**focus.as_dict())

    def _draw_bars(self) -> None:
        choice = self._choice
        pictured = Pictured(
            mode=self._mode, modes=tuple(MODES), stack=self.stack, focus=self.focus,
            titles=titles(self._stacks), at=self._at,
        )  # fmt: skip
        other = likeness_items(self._likeness.of(choice.folder)) if choice else []
        self._head.show([*picture_items(pictured), *other])
        if choice is not None:
            names = {choice.id: _name(choice.folder)} | self._names
            self._foot.show(text_items(self._text, choice, self._selection.step, names))
        self._foot.visible = choice is not None

    def _lesson(self) -> dict[str, Any]:
        """What the empty pane says."""
        if self._choice is None and self._runner.is_going:
            return {"kind": "empty", "id": "train", "text": NO_CHECKPOINT}
        if self._choice is None:
            return {"kind": "empty", "id": "train", "text": NO_RUN, "action": "Train"}
        waiting = self._looker.is_busy or self._wanted != self._asked
        text = self._problem or ("Reading the checkpoint." if waiting else NO_HEADS)
        return {"kind": "empty", "id": "train", "text": text}


def _name(folder: Path) -> str:
    """What a run is called."""
    try:
        return read_status(folder).name
    except StepwiseError:
        return folder.name
