"""All heads of a model in one figure: layers downwards, heads to the right.

Where the pane is wide and low the layers stand in several columns, so that every head is as large as the room lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from bokeh.core.properties import value
from bokeh.events import Tap
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Image, Range1d, Rect, Text
from bokeh.plotting import figure
from numpy.typing import NDArray

from engine.attention_maps import AttentionStack
from views.attention_plots import PLAIN, colours, frame
from views.theme import FONT, themed, token

TILE = 0.88  # side of a head on the wall, in units of its place
WALL = 256  # cells along the wall that still have a pixel of their own
ROOM = (240, 190)  # px of the figure before the browser has told them
LABEL = 26  # px for a layer's name
LETTER, LINE = 8, 12  # px that a letter is wide and a label is high
STRETCH = 1.25  # how much wider or higher than square a cell may be


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Where heads stand, in units of a place: so many rows of layers, in so many columns beside each other.

    Args:
        layers: How many there are.
        heads: In each of them.
        rows: Layers in a column.
        gap: Room for names before each column.
        wide: Pixels of a place to the right.
        high: Pixels of a place downwards.
    """

    layers: int
    heads: int
    rows: int
    gap: float
    wide: float
    high: float

    @classmethod
    def filling(cls, layers: int, heads: int, room: tuple[int, int], ratio: float = 1) -> Tiling:
        """The one with the largest places.

        Args:
            layers: How many there are.
            heads: In each of them.
            room: Width and height in pixels.
            ratio: How much wider than high a head is.
        """

        def limits(rows: int) -> tuple[float, float]:
            """Pixels of a place by what the width and what the height allows."""
            columns = -(-layers // rows)
            return max((room[0] / columns - LABEL) / heads, 1), max(room[1] / rows, 1)

        rows = max(range(layers, 0, -1), key=lambda rows: min(limits(rows)[0] / ratio, limits(rows)[1]))
        wide, high = limits(rows)
        square = min(wide / ratio, high)
        wide, high = min(wide, STRETCH * ratio * square), min(high, STRETCH * square)
        return cls(layers=layers, heads=heads, rows=rows, gap=LABEL / wide, wide=wide, high=high)

    def place(self, layer: int, head: int) -> tuple[float, float]:
        """The corner of a head's place, (x, y)."""
        column, row = divmod(layer, self.rows)
        return column * (self.gap + self.heads) + self.gap + head, float(row)

    def at(self, x: float, y: float) -> tuple[int | None, int | None]:
        """Layer and head at a place; one of them alone beside a row or over a column."""
        if not (np.isfinite([x, y]).all() and x >= 0 and y < self.rows):
            return None, None
        column, within = divmod(x, self.gap + self.heads)
        layer, head = int(column) * self.rows + int(y), int(within - self.gap)
        is_head = within >= self.gap and column < -(-self.layers // self.rows)
        return layer if y >= 0 and layer < self.layers else None, head if is_head else None


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


class HeadWall:
    """Every head as a row of one image renderer.

    `on_tap(layer, head)` hears of a chosen head; a name at the edge chooses a layer or a head alone.
    """

    def __init__(self, on_tap: Callable[[int | None, int | None], None]) -> None:
        self.figure = figure(
            **PLAIN, min_border=0, min_border_right=0, x_range=Range1d(0, 1), y_range=Range1d(1, 0),
            x_axis_location="above", name="heads",
        )  # fmt: skip
        names = ("image", "x", "y", "layer", "head", "left", "top")
        self.source = ColumnDataSource({name: [] for name in names}, name="wall")
        self.names = ColumnDataSource({"x": [], "y": [], "text": []})
        self.tiling = Tiling.filling(1, 1, ROOM)
        self._room, self._focus = ROOM, (0, 0)
        self._shown: AttentionStack | None = None
        self._draw()
        self._chosen = frame(self.figure, "accent", 2)
        self.figure.on_event(Tap, lambda tap: self._tapped(tap, on_tap))
        self.figure.on_change("inner_width", lambda _name, _old, width: self.resize(width, self._room[1]))
        self.figure.on_change("inner_height", lambda _name, _old, height: self.resize(self._room[0], height))

    def _draw(self) -> None:
        plot = self.figure
        image = Image(image="image", x="left", y="top", dw=TILE, dh=TILE, color_mapper=colours(255))
        tiles = plot.add_glyph(self.source, image)
        edges = Rect(x="x", y="y", width=TILE, height=TILE, fill_color=None)
        plot.add_glyph(self.source, themed(edges, **token("line")))
        look = {"text_font": value(FONT), "text_font_size": value("11px"), "text_align": value("right")}
        names = Text(x="x", y="y", text="text", text_baseline=value("middle"), x_offset=value(-3), **look)
        plot.add_glyph(self.names, themed(names, **token("muted", "text_color")))
        plot.grid.visible, plot.yaxis.visible = False, False
        plot.xaxis.ticker, plot.xaxis.major_label_standoff = FixedTicker(), 3
        plot.add_tools(HoverTool(renderers=[tiles], tooltips="layer @layer · head @head"))

    def show(self, stack: AttentionStack) -> None:
        """Draw all heads of a stack, unless they are there already."""
        if stack is self._shown:
            return
        self._shown = stack
        L, H, _, _ = stack.shape
        images = np.rint(255 * np.sqrt(stack.weights)).astype(np.uint8)
        layer, head = (axis.ravel() for axis in np.indices((L, H)))
        small = list(pooled(images.reshape(L * H, *images.shape[2:]), WALL // max(L, H)))
        self._tile()
        self.source.data = {"image": small, "layer": layer, "head": head, **self._corners()}

    def resize(self, width: int, height: int) -> None:
        """The browser has given the figure so many pixels."""
        self._room = (width, height)
        if self._shown is not None and self._tile():
            self.source.patch({name: [(slice(None), at)] for name, at in self._corners().items()})

    def _tile(self) -> bool:
        """Arrange the places anew; whether anything has moved."""
        assert self._shown is not None
        L, H, T, S = self._shown.shape
        found = Tiling.filling(L, H, self._room, min(max(S / T, 0.5), 2))
        if found == self.tiling:
            return False
        self.tiling = found
        self.figure.x_range.end = self._room[0] / found.wide
        self.figure.y_range.start = self._room[1] / found.high
        self._name()
        self.mark(*self._focus)
        return True

    def _corners(self) -> dict[str, list[float]]:
        """Where the tiles stand, by column of the source."""
        L, H = self.tiling.layers, self.tiling.heads
        places = [self.tiling.place(layer, head) for layer in range(L) for head in range(H)]
        gap = (1 - TILE) / 2
        x, y = ([place[axis] for place in places] for axis in (0, 1))
        middle, corner = ([[at + by for at in axis] for axis in (x, y)] for by in (0.5, gap))
        return {"x": middle[0], "y": middle[1], "left": corner[0], "top": corner[1]}

    def _name(self) -> None:
        """Write the names of layers and heads, as many as have room."""
        tiling = self.tiling
        every = int(-(-LINE // tiling.high))
        layers = [layer for layer in range(tiling.layers) if layer % tiling.rows % every == 0]
        places = [tiling.place(layer, 0) for layer in layers]
        self.names.data = {
            "x": [x for x, _ in places], "y": [y + 0.5 for _, y in places], "text": [f"L{layer}" for layer in layers],
        }  # fmt: skip
        every = int(-(-LETTER * len(f"H{tiling.heads - 1}") // tiling.wide))
        firsts = range(0, tiling.layers, tiling.rows)
        heads = {
            tiling.place(layer, head)[0] + 0.5: f"H{head}" for layer in firsts for head in range(0, tiling.heads, every)
        }
        self.figure.xaxis[0].ticker.ticks = list(heads)
        self.figure.xaxis[0].major_label_overrides = heads

    def mark(self, layer: int, head: int) -> None:
        """Frame the chosen head."""
        self._focus = (layer, head)
        (x, y), side = self.tiling.place(layer, head), TILE + 0.04
        self._chosen.data = {"x": [x + 0.5], "y": [y + 0.5], "width": [side], "height": [side]}

    def _tapped(self, tap: Tap, on_tap: Callable[[int | None, int | None], None]) -> None:
        known = self.tiling.at(tap.x, tap.y)
        if known != (None, None):
            on_tap(*known)
