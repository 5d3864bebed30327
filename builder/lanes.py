"""The way of a wire around the nodes between its ends, for still pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import NamedTuple

STUB, AIR, LANE, RADIUS = 20.0, 6.0, 22.0, 12.0
STEEP = 60.0
HIGH, DOWNWARD = 60.0, 40.0  # a row's height; how much rather a wire runs above than below
LABEL_RUN = 72.0  # the least straight run on which a shape is written

Point = tuple[float, float]


class Box(NamedTuple):
    """Where a node is, in pixels."""

    x: float
    y: float
    w: float
    h: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.h


def route(start: Point, end: Point, others: Sequence[Box], target: Box) -> list[Point]:
    """The corners of a wire.

    Args:
        start: The output port.
        end: The input port.
        others: All nodes but those at its ends.
        target: The node at its end.

    Returns:
        Two points for a plain curve, six for a way in right angles along a lane.
    """
    (sx, sy), (tx, ty) = start, end
    if tx - sx > AIR and abs(ty - sy) <= STEEP and not _between(start, end, others):
        return [start, end]
    out, back = sx + STUB, tx - STUB
    if tx > sx:
        lane = min(_above_and_below(start, end, _over(others, out, back)), key=lambda y: _detour(start, end, y))
    else:
        lane = _row_above(target.y - LANE, others, back, out)
    return [start, (out, sy), (out, lane), (back, lane), (back, ty), end]


def _above_and_below(start: Point, end: Point, under: Sequence[Box]) -> tuple[float, float]:
    """The lanes next to all nodes that stand between the ends."""
    low, high = min(start[1], end[1]), max(start[1], end[1])
    near = [b for b in under if b.y < high + HIGH and b.bottom > low - HIGH]
    above = min([low - LANE, *(b.y - LANE for b in near)])
    below = max([high + LANE, *(b.bottom + LANE for b in near)])
    return above, below


def _detour(start: Point, end: Point, lane: float) -> float:
    below = lane > max(start[1], end[1])
    return abs(lane - start[1]) + abs(lane - end[1]) + (DOWNWARD if below else 0)


def _between(start: Point, end: Point, others: Sequence[Box]) -> bool:
    low, high = min(start[1], end[1]) - AIR, max(start[1], end[1]) + AIR
    return any(b.y < high and b.bottom > low for b in _over(others, start[0], end[0]))


def _over(others: Sequence[Box], left: float, right: float) -> list[Box]:
    """The nodes that stand in a range from left to right."""
    return [b for b in others if b.x < right and b.x + b.w > left]


def _row_above(lane: float, others: Sequence[Box], left: float, right: float) -> float:
    """A height at `lane` or above where no node stands."""
    for box in sorted(_over(others, left, right), key=lambda b: -b.bottom):
        if box.y - AIR < lane < box.bottom + AIR:
            lane = box.y - LANE
    return lane


def path(points: list[Point]) -> tuple[str, Point | None]:
    """The points as SVG path data, and where a label may stand: amid the longest level run."""
    if len(points) == 2:
        return _curve(*points)
    text = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        a, b = _towards(here, before), _towards(here, after)
        text += f"L{a[0]:g} {a[1]:g}Q{here[0]:g} {here[1]:g} {b[0]:g} {b[1]:g}"
    level = [(abs(a[0] - b[0]), a, b) for a, b in pairwise(points) if a[1] == b[1]]
    length, a, b = max(level)
    label = ((a[0] + b[0]) / 2, a[1]) if length >= LABEL_RUN else None
    return f"{text}L{points[-1][0]:g} {points[-1][1]:g}", label


def _curve(start: Point, end: Point) -> tuple[str, Point | None]:
    (sx, sy), (tx, ty) = start, end
    reach = max(16.0, (tx - sx) / 2)
    text = f"M{sx:g} {sy:g}C{sx + reach:g} {sy:g} {tx - reach:g} {ty:g} {tx:g} {ty:g}"
    long = abs(ty - sy) < 1 and tx - sx >= LABEL_RUN
    return text, ((sx + tx) / 2, sy) if long else None


def _towards(here: Point, other: Point) -> Point:
    """A point a corner's radius away from `here`."""
    length = hypot(other[0] - here[0], other[1] - here[1]) or 1.0
    share = min(RADIUS, length / 2) / length
    return here[0] + (other[0] - here[0]) * share, here[1] + (other[1] - here[1]) * share
