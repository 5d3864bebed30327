"""Breaking a stream of blocks into rows of about equal length, at places where few wires cross."""

from __future__ import annotations

from functools import cache
from math import inf

from builder.chains import Drawing
from builder.document import OUTPUT

MOST = 9  # blocks in a row
ROW_COST, CUT_COST, CROSSING_COST, SHORT_COST = 0.3, 1.5, 1.0, 0.1


def split(stream: list[str], found: Drawing, wished: float) -> list[list[str]]:
    """The rows of a stream.

    Args:
        stream: Its nodes without its input, in order.
        found: Who feeds whom.
        wished: How many blocks a row should have.

    Returns:
        At least one node in each row; an empty stream has no rows.
    """
    cuts = _cut_costs(stream, found)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(stream) + 1):
        options = [
            (best[start][0] + _row_cost(stream, start, end, found, wished) + (cuts[start] if start else 0), start)
            for start in range(max(0, end - MOST), end)
        ]
        best.append(min(options, key=lambda option: (round(option[0], 6), -option[1])))
    rows, end = list[list[str]](), len(stream)
    while end:
        start = best[end][1]
        rows.append(stream[start:end])
        end = start
    return rows[::-1]


def _row_cost(stream: list[str], start: int, end: int, found: Drawing, wished: float) -> float:
    """How far a row is from the length wished for; an end of the definition takes half a block's room."""
    blocks = end - start + (0.5 if start == 0 else 0) - (0.5 if found.kinds[stream[end - 1]] == OUTPUT else 0)
    return ROW_COST + _length_cost(blocks, wished)


@cache
def _length_cost(blocks: float, wished: float) -> float:
    return (blocks - wished) ** 2 if blocks > wished else SHORT_COST * (wished - blocks) ** 2


def _cut_costs(stream: list[str], found: Drawing) -> list[float]:
    """What it costs to begin a new row at each place: nothing where a residual bypass begins just before."""
    place = {name: index for index, name in enumerate(stream)}
    last = {name: max((place[t] for t in _ahead(name, place, found)), default=-1) for name in stream}
    crossing = [0] * (len(stream) + 1)
    for name, index in place.items():
        for cut in range(index + 1, last[name] + 1):
            crossing[cut] += 1
    costs = [inf]
    for cut in range(1, len(stream)):
        fans = len(_ahead(stream[cut - 1], place, found)) > 1
        clean = crossing[cut] == 1 and last[stream[cut - 1]] >= cut and fans
        costs.append(0.0 if clean else CUT_COST + CROSSING_COST * max(0, crossing[cut] - 1))
    return costs


def _ahead(name: str, place: dict[str, int], found: Drawing) -> list[str]:
    """The nodes of the stream that a node feeds, directly or through a chain beside it."""
    reached, waiting, seen = list[str](), list(found.after[name]), set[str]()
    while waiting:
        target = waiting.pop()
        if target in place:
            reached.append(target)
        elif target not in seen:
            seen.add(target)
            waiting += found.after[target]
    return reached
