"""Two plots of attention: one head with its tokens on both axes, and all heads in one figure.

Colours run over the square root of the weight, as in the 3D view, so that one weight has one colour
everywhere. A cell that is exactly 0 is one that the mask forbids; it stays empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    ColumnDataSource,
    CustomJSHover,
    CustomJSTicker,
    FixedTicker,
    Grid,
    HoverTool,
    Image,
    LinearColorMapper,
    Range1d,
    Rect,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from engine.attention_maps import AttentionStack
from views.theme import BLUES, EMBER, ramp, themed, token

PLAIN = {"toolbar_location": None, "tools": "", "sizing_mode": "stretch_both"}
BORDERS = {"min_border": 0, "min_border_left": 18, "min_border_right": 0}
MOST_LINES = 36  # beyond so many cells no lines part them
LONGEST_LABEL = 9  # characters
TILE = 0.88  # side of a head on the wall, in units of its place
WALL = 256  # cells along the wall that still have a pixel of their own

# The pointer's cell in words.
_HOVER = """const [query, key] = [Math.floor(special_vars.y), Math.floor(special_vars.x)];
const [[queries], [keys], [weights]] = [cells.data.queries, cells.data.keys, cells.data.weights];
const weight = weights[query * keys.length + key];
return `${queries[query]} (${query}) looks at ${keys[key]} (${key}): ${weight.toFixed(4)}`;"""
# As many labels as have room, each in the middle of its cell.
_TICKS = """const count = Math.round(Math.abs(cb_data.end - cb_data.start));
const room = plot.properties[side].is_unset ? 400 : plot[side];
const every = Math.max(1, Math.ceil((count * gap) / Math.max(room, gap)));
return Array.from({length: Math.ceil(count / every)}, (_, i) => i * every + 0.5);"""


def colours(high: float) -> LinearColorMapper:
    """Colours from 0 to `high`, following the theme."""
    mapper = LinearColorMapper(low=0, high=high, low_color="rgba(0, 0, 0, 0)")
    themed(mapper, {"palette": ramp(BLUES)}, {"palette": ramp(EMBER)})
    return mapper


def short(tokens: Sequence[str]) -> list[str]:
    """Tokens as labels: cut to a few characters, and never taken for a formula."""
    cut = (t if len(t) <= LONGEST_LABEL else t[: LONGEST_LABEL - 1] + "…" for t in tokens)
    return [text.replace("$$", "$\u2060$").replace("\\", "\\\u2060") for text in cut]


def _frame(plot: figure, colour: str, width: float) -> ColumnDataSource:
    """An empty source of outlined boxes."""
    source = ColumnDataSource({"x": [], "y": [], "width": [], "height": []})
    box = Rect(x="x", y="y", width="width", height="height", fill_color=None, line_width=width)
    themed(box, **token(colour))
    plot.add_glyph(source, box)
    return source


def _label(plot: figure) -> None:
    """Let the axes have a label for each cell, thinned to what the browser has room for."""
    for axis in (plot.xaxis, plot.yaxis):
        axis.ticker, axis.major_label_standoff = CustomJSTicker(args={"plot": plot}), 3


def _write(plot: figure, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Change the labels of the cells."""
    widest = max(map(len, columns))
    gaps = (7 * widest + 3 if widest <= 3 else 12, 10.5)  # px that a label needs along its axis
    sides = ("inner_width", "inner_height")
    for axis, labels, gap, side in zip(plot.axis, (columns, rows), gaps, sides, strict=True):
        axis.ticker.major_code = f"const [gap, side] = [{gap}, '{side}'];\n{_TICKS}"
        axis.major_label_overrides = {i + 0.5: label for i, label in enumerate(labels)}
    plot.xaxis.major_label_orientation = "horizontal" if widest <= 3 else "vertical"


def pooled(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Images (N, T, S) no longer than `side`, each cell the strongest of those it stands for."""
    factor = -(-max(images.shape[1:]) // side)
    if factor <= 1:
        return images
    padding = [(0, 0), *((0, -length % factor) for length in images.shape[1:])]
    padded = np.pad(images, padding)
    count, T, S = padded.shape
    blocks = padded.reshape(count, T // factor, factor, S // factor, factor)
    strongest: NDArray[np.uint8] = blocks.max((2, 4))
    return strongest


def _place(tap: Tap) -> tuple[float, float]:
    """Row and column of a tap; infinite before the figure knows its size."""
    return float(np.floor(tap.y)), float(np.floor(tap.x))


class HeadMap:
    """One head: queries downwards, keys to the right. `on_tap(query, key)` hears of a chosen cell."""

    def __init__(self, on_tap: Callable[[int, int], None]) -> None:
        self.figure = figure(
            **PLAIN, **BORDERS, x_range=Range1d(0, 1), y_range=Range1d(1, 0), x_axis_location="above", name="head"
        )
        self.cells = ColumnDataSource({"queries": [], "keys": [], "weights": []}, name="head-cells")
        self.image = ColumnDataSource({"image": [], "width": [], "height": []})
        self._shape = (0, 0)
        self._shown: tuple[AttentionStack, int, int] | None = None
        self._draw()
        self._chosen = _frame(self.figure, "accent", 2)
        self.figure.on_event(Tap, lambda tap: self._tapped(tap, on_tap))

    def _draw(self) -> None:
        plot = self.figure
        image = Image(image="image", x=0, y=0, dw="width", dh="height", color_mapper=colours(1))
        cells = plot.add_glyph(self.image, image)
        hover = CustomJSHover(args={"cells": self.cells}, code=_HOVER)
        plot.add_tools(HoverTool(renderers=[cells], tooltips=[("", "@image{custom}")], formatters={"@image": hover}))
        plot.grid.visible = False
        _label(plot)
        self._lines = [
            Grid(
                dimension=i,
                ticker=FixedTicker(),
                level="overlay",
                css_variables={"--bk-grid-line-color": "var(--surface)"},
            )
            for i in (0, 1)
        ]
        for grid in self._lines:
            plot.add_layout(grid)

    def show(self, stack: AttentionStack, layer: int, head: int) -> None:
        """Draw one head's weights, unless they are there already."""
        if self._shown == (stack, layer, head):
            return
        self._shown = (stack, layer, head)
        weights, queries, keys = stack.weights[layer, head], stack.queries, stack.keys
        T, S = weights.shape
        self.cells.data = {"queries": [list(queries)], "keys": [list(keys)], "weights": [weights.ravel()]}
        drawn = np.where(weights == 0, -1, np.sqrt(weights)).astype(np.float32)
        self.image.data = {"image": [drawn], "width": [S], "height": [T]}
        if self._shape != (T, S):
            self._shape = (T, S)
            self.figure.x_range.end, self.figure.y_range.start = S, T
            for grid, count in zip(self._lines, (S, T), strict=True):
                grid.ticker.ticks = list(range(count + 1))
                grid.visible = max(T, S) <= MOST_LINES
        _write(self.figure, short(keys), short(queries))

    def mark(self, query: int | None, key: int | None) -> None:
        """Frame a cell, or a whole row or column where only one is known."""
        T, S = self._shape
        if query is None and key is None:
            self._chosen.data = {"x": [], "y": [], "width": [], "height": []}
            return
        x, width = (S / 2, S) if key is None else (key + 0.5, 1)
        y, height = (T / 2, T) if query is None else (query + 0.5, 1)
        self._chosen.data = {"x": [x], "y": [y], "width": [width], "height": [height]}

    def _tapped(self, tap: Tap, on_tap: Callable[[int, int], None]) -> None:
        (query, key), (T, S) = _place(tap), self._shape
        if 0 <= query < T and 0 <= key < S:
            on_tap(int(query), int(key))


class HeadWall:
    """Every head as a row of one image renderer: layers downwards, heads to the right.

    `on_tap(layer, head)` hears of a chosen head; a label at the edge chooses a layer or a head alone.
    """

    def __init__(self, on_tap: Callable[[int | None, int | None], None]) -> None:
        self.figure = figure(
            **PLAIN, **BORDERS, x_range=Range1d(0, 1), y_range=Range1d(1, 0), x_axis_location="above", name="heads"
        )
        names = ("image", "x", "y", "layer", "head", "left", "top")
        self.source = ColumnDataSource({name: [] for name in names}, name="wall")
        self._shape = (0, 0)
        self._shown: AttentionStack | None = None
        image = Image(image="image", x="left", y="top", dw=TILE, dh=TILE, color_mapper=colours(255))
        tiles = self.figure.add_glyph(self.source, image)
        edges = Rect(x="x", y="y", width=TILE, height=TILE, fill_color=None)
        self.figure.add_glyph(self.source, themed(edges, **token("line")))
        self._chosen = _frame(self.figure, "accent", 2)
        self.figure.grid.visible = False
        _label(self.figure)
        self.figure.add_tools(HoverTool(renderers=[tiles], tooltips="layer @layer · head @head"))
        self.figure.on_event(Tap, lambda tap: self._tapped(tap, on_tap))

    def show(self, stack: AttentionStack) -> None:
        """Draw all heads of a stack, unless they are there already."""
        if stack is self._shown:
            return
        self._shown = stack
        L, H, _, _ = stack.shape
        layer, head = (axis.ravel() for axis in np.indices((L, H)))
        images = np.rint(255 * np.sqrt(stack.weights)).astype(np.uint8)
        gap = (1 - TILE) / 2
        self.source.data = {
            "image": list(pooled(images.reshape(L * H, *images.shape[2:]), WALL // max(L, H))),
            "layer": layer, "x": head + 0.5, "left": head + gap,
            "head": head, "y": layer + 0.5, "top": layer + gap,
        }  # fmt: skip
        if self._shape != (L, H):
            self._shape = (L, H)
            self.figure.x_range.end, self.figure.y_range.start = H, L
            _write(self.figure, [f"H{i}" for i in range(H)], [f"L{i}" for i in range(L)])

    def mark(self, layer: int, head: int) -> None:
        """Frame the chosen head."""
        side = TILE + 0.04
        self._chosen.data = {"x": [head + 0.5], "y": [layer + 0.5], "width": [side], "height": [side]}

    def _tapped(self, tap: Tap, on_tap: Callable[[int | None, int | None], None]) -> None:
        (layer, head), (L, H) = _place(tap), self._shape
        known = (int(layer) if 0 <= layer < L else None, int(head) if 0 <= head < H else None)
        if known != (None, None):
            on_tap(*known)
