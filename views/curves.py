"""Live curves in Bokeh: one metric of several runs, of any length, smoothed or not, on a plain or a log axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from bokeh.core.properties import value
from bokeh.events import RangesUpdate, Reset
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CrosshairTool,
    CustomJSTicker,
    CustomJSTickFormatter,
    DataRange1d,
    GlyphRenderer,
    HoverTool,
    Legend,
    LegendItem,
    LinearAxis,
    LinearScale,
    LogAxis,
    LogScale,
    Range1d,
)
from bokeh.plotting import figure

from engine.curves import MetricsTail
from views.groups import COLOURS, Group, Metric
from views.numbers import significant
from views.series import smooth, visible
from views.theme import DARK, LIGHT, themed

# Over the axes, never on a curve: one line, or as many as it takes.
LEGEND = """:host { border: 0 !important; background: none !important; left: -30px !important;
  transform: none !important; width: max-content; max-width: calc(100% + 50px); padding: 2px 0 7px !important; }
.bk-grid { display: flex !important; flex-wrap: wrap; width: auto !important; gap: 0 10px !important; }
.bk-item .bk-label { font: 11px/15px var(--font) !important; color: var(--muted) !important; white-space: pre;
  font-variant-numeric: tabular-nums; }"""
# Round numbers for a log axis, as close as the plot is high: 1-3-10, decades, or every few of them.
DECADES = """const [low, high] = [cb_data.start, cb_data.end].sort((a, b) => a - b);
if (!(low > 0 && low < high)) return [];
const room = plot.properties.inner_height.is_unset ? 120 : plot.inner_height;
const place = (tick) => (room * Math.log10(tick / low)) / Math.log10(high / low);
const marks = (mantissas, every) => {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    if (power % every === 0) ticks.push(...mantissas.map((mantissa) => Number(`${mantissa}e${power}`)));
  return ticks.filter((tick) => low <= tick && tick <= high);
};
const fits = (ticks) => ticks.every((tick, i) => i === 0 || place(tick) - place(ticks[i - 1]) >= gap);
const upTo = (step) => Array.from({length: Math.round(9 / step)}, (_, i) => Number((1 + i * step).toFixed(1)));
for (const mantissas of [upTo(0.1), upTo(0.5), [1, 1.5, 2, 3, 5, 7], [1, 3], [1]]) {
  const ticks = marks(mantissas, 1);
  if (fits(ticks)) return ticks;
}
for (let every = 2; ; every++) if (fits(marks([1], every))) return marks([1], every);"""
BETWEEN = 20  # px from one number of a log axis to the next
VALUES = """const [rounded, size] = [Number(tick.toPrecision(4)), Math.abs(tick)];
if (size >= 10000) return `${Number((tick / 1000).toPrecision(3))}k`;
return size > 0 && size < 0.001 ? rounded.toExponential() : String(rounded);"""
GROUPED = "return tick.toLocaleString('en').replaceAll(',', '\u2009')"
MOST_NAMED = 12  # lines in a legend; the rest are named under the mouse


@dataclass(frozen=True)
class Shown:
    """A run to draw: its id, what the legend calls it, and its values."""

    id: str
    label: str
    tail: MetricsTail


class CurvePlot:
    """Holds one figure and the part of the steps that it shows.

    Args:
        group: What it draws at first.
        log: Whether the axis of values is logarithmic.
    """

    def __init__(self, group: Group, *, log: bool = False) -> None:
        self.group, self._window = group, (-inf, inf)
        self._lines: dict[tuple[str, str, bool], GlyphRenderer] = {}
        self._runs: Sequence[Shown] = ()
        self.smoothing = 0.0
        self.figure = _figure()
        self._decades = CustomJSTicker(args={"plot": self.figure}, major_code=f"const gap = {BETWEEN};\n{DECADES}")
        self._evenly = BasicTicker(desired_num_ticks=5, num_minor_ticks=0)
        self._values = CustomJSTickFormatter(code=VALUES)
        self._legend = self._add_legend()
        self.log = not log
        self.set_log(log)
        self.figure.on_event(RangesUpdate, self._zoomed)
        self.figure.on_event(Reset, lambda _: self._whole())

    def set_log(self, log: bool) -> None:
        """Change the axis of values."""
        if log == self.log and self.figure.left:
            return
        self.log = log
        axis = LogAxis(ticker=self._decades) if log else LinearAxis(ticker=self._evenly)
        axis.formatter = self._values
        self.figure.y_scale = LogScale() if log else LinearScale()
        self.figure.left = [axis]
        self.figure.ygrid[0].ticker = axis.ticker

    def set_group(self, group: Group) -> None:
        """Draw other metrics."""
        if group == self.group:
            return
        self.group = group
        self.show(self._runs, self.figure.x_range.end)

    def show(self, runs: Sequence[Shown], steps: float) -> None:
        """Draw these runs as they are now; call it at 2 to 4 Hz on the document's loop.

        Args:
            runs: What to overlay; the first has the colours of its metrics when it is alone.
            steps: Where the axis of steps ends as long as nobody has zoomed.
        """
        self._runs = runs
        if self._window == (-inf, inf):
            self.figure.x_range.update(start=0, end=max(steps, 1))
        wanted, items = set(), []
        for index, run in enumerate(runs):
            for metric in self.group.metrics:
                if metric.name not in run.tail.curves:
                    continue
                colour = metric.colour if len(runs) == 1 else COLOURS[index % len(COLOURS)]
                lines = [self._draw(run, metric, colour, smoothed) for smoothed in self._layers(metric)]
                wanted |= {(run.id, metric.name, smoothed) for smoothed in self._layers(metric)}
                items.append((self._label(run, metric, len(runs)), lines[-1]))
        self._drop(wanted)
        self._name(items[:MOST_NAMED])

    def _draw(self, run: Shown, metric: Metric, colour: str, smoothed: bool) -> GlyphRenderer:
        columns = smooth(run.tail.curves[metric.name].columns, self.smoothing if smoothed else 0)
        x, y = visible(columns, self._window)
        data = {"x": x.astype("f4"), "y": y.astype("f4")}
        key = (run.id, metric.name, smoothed)
        if key not in self._lines:
            thin = metric.raw and not smoothed
            line = self.figure.line(
                "x",
                "y",
                source=ColumnDataSource(data),
                line_width=1 if thin else 2,
                line_alpha=0.9,
                line_dash=metric.dash,
                name=metric.label,
            )
            self._lines[key] = line
        else:
            line = self._lines[key]
            line.data_source.data = data
        faint = not smoothed and len(self._layers(metric)) == 2
        line.glyph.line_alpha = 0.3 if faint else 0.9
        if line.glyph.name != colour:
            line.glyph.name = colour
            themed(line.glyph, light={"line_color": LIGHT[colour]}, dark={"line_color": DARK[colour]})
        return line

    def _drop(self, wanted: set[tuple[str, str, bool]]) -> None:
        gone = [key for key in self._lines if key not in wanted]
        if gone:
            lines = {id(self._lines.pop(key)) for key in gone}
            self.figure.renderers = [r for r in self.figure.renderers if id(r) not in lines]

    def _name(self, entries: list[tuple[str, GlyphRenderer]]) -> None:
        """Write the legend; models are made only for new lines, as each new one costs a walk over the document."""
        if [line for _, line in entries] != [item.renderers[0] for item in self._legend.items]:
            self._legend.items = [LegendItem(label=text, renderers=[line]) for text, line in entries]
            return
        for (text, _), item in zip(entries, self._legend.items, strict=True):
            if item.label.value != text:
                item.label = value(text)

    def _label(self, run: Shown, metric: Metric, count: int) -> str:
        _, last = run.tail.curves[metric.name].last
        return f"{run.label + ' ' if count > 1 else ''}{metric.label} {significant(last)}"

    def _layers(self, metric: Metric) -> tuple[bool, ...]:
        """Which layers a metric is drawn in: its values, and over them the smoothed ones."""
        return (False, True) if metric.raw and self.smoothing else (False,)

    def _add_legend(self) -> Legend:
        legend = Legend(
            items=[],
            location="top_left",
            orientation="horizontal",
            padding=0,
            margin=0,
            glyph_width=14,
            glyph_height=14,
            label_standoff=4,
            stylesheets=[LEGEND],
        )
        self.figure.add_layout(legend, "above")
        return legend

    def _zoomed(self, event: RangesUpdate) -> None:
        last = max((run.tail.step for run in self._runs), default=0)
        whole = event.x0 <= 0 and event.x1 >= last
        self._window = (-inf, inf) if whole else (float(event.x0), float(event.x1))
        self.show(self._runs, event.x1)

    def _whole(self) -> None:
        self._window = (-inf, inf)


def _figure() -> Any:
    plot = figure(
        toolbar_location=None,
        min_border=0,
        min_border_left=40,
        min_border_right=22,
        tools="xpan,xwheel_zoom,reset",
        active_scroll="xwheel_zoom",
        sizing_mode="stretch_both",
        x_range=Range1d(0, 1),
        y_range=DataRange1d(range_padding=0.06, only_visible=True),
        output_backend="canvas",
    )
    plot.xgrid.visible = False
    plot.xaxis.ticker = BasicTicker(desired_num_ticks=3, num_minor_ticks=0)
    plot.xaxis.formatter = CustomJSTickFormatter(code=GROUPED)
    hover = HoverTool(
        mode="vline",
        point_policy="snap_to_data",
        line_policy="nearest",
        tooltips=[("", "$name"), ("step", "@x{0,0}"), ("value", "@y{0.0000}")],
    )
    plot.add_tools(hover, CrosshairTool(dimensions="height", line_alpha=0.3))
    return plot
