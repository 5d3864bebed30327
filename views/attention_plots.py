"""The plot of one head, with its tokens on both axes; all heads are in `attention_wall`.

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

from engine.attention_maps import AttentionStack
from views.theme import BLUES, EMBER, ramp, themed, token

PLAIN = {"toolbar_location": None, "tools": "", "sizing_mode": "stretch_both"}
BORDERS = {"min_border": 0, "min_border_left": 18, "min_border_right": 0}
MOST_LINES = 36  # beyond so many cells no lines part them
LONGEST_LABEL = 9  # characters

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


def frame(plot: figure, colour: str, width: float) -> ColumnDataSource:
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
        self._chosen = frame(self.figure, "accent", 2)
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
