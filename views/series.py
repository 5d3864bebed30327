"""What of a curve is sent to the browser: the visible part, smoothed if wanted, at most `POINTS` points."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy.signal import lfilter
from tsdownsample import MinMaxLTTBDownsampler

from engine.curves import Columns

POINTS = 2000


def smooth(columns: Columns, factor: float) -> Columns:
    """The exponential mean: `mean += (1 - factor) * (value - mean)`, from the first value on.

    Args:
        columns: Steps and values, (N,) each.
        factor: 0 changes nothing, towards 1 is ever smoother.
    """
    steps, values = columns
    if factor == 0 or not len(values):
        return columns
    mean, _ = lfilter([1 - factor], [1, -factor], values, zi=[factor * values[0]])
    return steps, mean


def visible(columns: Columns, window: tuple[float, float] = (-inf, inf), points: int = POINTS) -> Columns:
    """The points in a window, thinned out so that the picture stays the same, peaks included.

    Args:
        columns: Steps, ascending, and values, (N,) each.
        window: First and last step that are visible; one point beyond each edge is kept, so that lines
            leave the frame.
        points: Most points returned.
    """
    first, last = np.searchsorted(columns[0], window)
    part = slice(max(0, int(first) - 1), int(last) + 1)
    x, y = (np.ascontiguousarray(column[part]) for column in columns)
    if len(x) <= points:
        return x, y
    keep = MinMaxLTTBDownsampler().downsample(x, y, n_out=points)
    return x[keep], y[keep]
