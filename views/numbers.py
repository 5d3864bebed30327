"""Numbers as words, alike wherever they stand: whole ones, large ones, bytes and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite


def grouped(count: int) -> str:
    """A whole number in groups of three, parted by thin spaces."""
    return f"{count:,}".replace(",", "\u2009")


def _scaled(value: float, step: float, units: Sequence[str]) -> str:
    """Three digits and a unit."""
    place = 0
    while value >= step * 0.9995 and place < len(units) - 1:
        value, place = value / step, place + 1
    digits = 0 if place == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f}\u2009{units[place]}".rstrip()


def count(value: float) -> str:
    """A number in few digits: `5 000`, `81.2 k`, `0.80 M`, `1.59 G`."""
    if value < 10_000:
        return grouped(round(value))
    if 1e5 <= value < 1e6:
        return f"{value / 1e6:.2f}\u2009M"
    return _scaled(value, 1000, ("", "k", "M", "G", "T", "P"))


def size(value: float) -> str:
    """Bytes: `34.2 MB`."""
    return _scaled(value, 1000, ("B", "kB", "MB", "GB", "TB", "PB"))


def duration(seconds: float) -> str:
    """A time: `12.0 ms`, `3.20 s`."""
    if seconds < 1:
        return _scaled(seconds * 1e6, 1000, ("µs", "ms"))
    return f"{seconds:.2f}\u2009s" if seconds < 100 else f"{seconds / 60:.0f}\u2009min"


def clock(seconds: float | None) -> str:
    """Minutes and seconds, `1:05`; hours where there are any."""
    if seconds is None:
        return "–"
    whole = int(max(0, seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def significant(value: float) -> str:
    """A measured number in three digits, however small: `1.20`, `0.000131`, `2.50e-6`; a large one is grouped."""
    if not isfinite(value):
        return str(value)
    if abs(value) >= 999.5:
        return grouped(round(value))
    text = f"{value:#.3g}".rstrip(".")
    return re.sub(r"e-0?", "e-", text)
