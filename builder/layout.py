"""Where nodes stand, so that a model reads like a text: from left to right, in rows, one residual block a row.

Streams are broken into bands after a value that both goes on and is added later, which is where a residual
bypass begins; so each bypass runs above its own row. Shorter chains stand below in tracks of their band, inputs at
its start. How long rows are is tried out: as long as the whole can be read in a small window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import floor, inf

from builder.bands import split
from builder.catalogue import node_signature
from builder.chains import Chain, Drawing, chains, drawing, is_stream
from builder.document import INPUT, Definition, Document, Node
from builder.edits import Edit, Move

WIDTH, CHARACTER, MARGIN = 176, 7.4, 30
HEAD, ROW, CAPTION, FOOT = 28, 21, 20, 7
RAIL_WIDTH, RAIL_HEIGHT, RAIL_DROP = 76, 29, 25
COLUMN_GAP, TRACK_GAP, BAND_GAP, INPUT_GAP = 80, 44, 80, 16
UNDER = 8  # between a block and the wire of an input that passes below it
ROWS = (5.0, 4.0, 3.5, 3.0, 2.5, 6.0, 7.0)  # blocks in a row, the best liked first
FEW = 60  # nodes, up to which there is a chance to see all of them at once


@dataclass(frozen=True)
class Size:
    """Room that a node needs, in pixels."""

    width: float
    height: float


Place = tuple[float, float]
ROOM = Size(1040, 470)  # of a canvas in a window of 1440 × 900, at the zoom from which shapes are written on wires


def arrange(document: Document, at: str = "") -> Edit:
    """The edit that lays a definition out anew.

    Args:
        document: The model.
        at: The definition; empty is the root.

    Returns:
        A `Move` of all its nodes. The same graph always gets the same places.
    """
    return Move(positions=positions(document, at), at=at)


def positions(document: Document, at: str = "") -> dict[str, Place]:
    """The top left corner of every node of a definition, in pixels."""
    definition = document.definition(at)
    if not definition.nodes:
        return {}
    found, sizes = drawing(definition, _ports(document, definition)), sizes_of(document, definition)
    best, least = dict[str, Place](), inf
    for wished in ROWS if len(sizes) <= FEW else ROWS[:1]:
        places = _placed(_bands(found, wished), definition, sizes)
        excess = _excess(places, sizes)
        if excess < least:
            best, least = places, excess
        if excess <= 1:
            break
    return best


def _excess(places: Mapping[str, Place], sizes: Mapping[str, Size]) -> float:
    """How many times larger than `ROOM` a drawing is."""
    (lefts, tops), names = zip(*places.values(), strict=True), list(places)
    right = max(places[name][0] + sizes[name].width for name in names)
    bottom = max(places[name][1] + sizes[name].height for name in names)
    return max((right - min(lefts)) / ROOM.width, (bottom - min(tops)) / ROOM.height)


def sizes_of(document: Document, definition: Definition) -> dict[str, Size]:
    """How large the canvas draws each node, about: text is measured there and guessed here."""
    return {name: _size(document, name, node) for name, node in definition.nodes.items()}


def _size(document: Document, name: str, node: Node) -> Size:
    found = node_signature(document, node, name)
    if node.is_rail:
        return Size(max(RAIL_WIDTH, CHARACTER * len(node.label or name) + 34), RAIL_HEIGHT)
    title = node.label or (found.title if found else node.kind)
    badge = 40 if node.repeat is not None else 0
    width = max(WIDTH, CHARACTER * len(title) + MARGIN + badge)
    if found is None:
        return Size(width, HEAD + ROW + FOOT)
    rows = max(len(found.inputs), len(found.outputs))
    ids = [len(port.name) for port in (*found.inputs, *found.outputs)]
    width = max(width, CHARACTER * 2 * max(ids, default=0) + MARGIN)
    return Size(min(width, 420), HEAD + rows * ROW + (CAPTION if found.fields else 0) + FOOT)


def _ports(document: Document, definition: Definition) -> dict[str, list[str]]:
    found = {name: node_signature(document, node, name) for name, node in definition.nodes.items()}
    return {name: [port.name for port in kind.inputs] if kind else [] for name, kind in found.items()}


@dataclass
class Band:
    """One row of the drawing and what stands below it. State: `cells` grows.

    Args:
        main: The nodes of the stream in it, in order.
        beside: Chains that stand below.
        inputs: Inputs at its start.
        cells: Column and track of each node.
        reach: For each input the first column that uses it.
    """

    main: list[str]
    beside: list[Chain] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    cells: dict[str, tuple[int, int]] = field(default_factory=dict)
    reach: dict[str, int] = field(default_factory=dict)

    def fill(self, found: Drawing) -> None:
        """Give each node its column and track."""
        columns = self._columns(found)
        taken: dict[int, list[tuple[int, int]]] = {}
        for name in self.main:
            self.cells[name] = (columns[name], 0)
            taken.setdefault(0, []).append((columns[name], columns[name]))
        for chain in self.beside:
            span = _span(chain, found, columns)
            track = _free(taken, span, range(1, 10_000))
            self.cells |= {name: (columns[name], track) for name in chain.nodes if name in columns}
        for name in self.inputs:
            used = [self.cells[target] for target in found.after[name] if target in self.cells]
            column, track = min(used, default=(1, 0))
            self.reach[name] = column
            wanted = [track] if column == 1 else []
            self.cells[name] = (0, _free(taken, (0, column - 1), [*wanted, *range(10_000)]))

    def _columns(self, found: Drawing) -> dict[str, int]:
        """The column of each node but the inputs: after all that feeds it, and close to what it feeds."""
        inside = {*self.main, *(name for chain in self.beside for name in chain.nodes)} - {*self.inputs}
        order = [name for name in found.kinds if name in inside]
        columns: dict[str, int] = {}
        for name in order:
            columns[name] = 1 + max((columns.get(feeder, 0) for feeder in found.before[name]), default=0)
        for name in self.main:  # a bypassed or unwired neighbour still stands to the right
            before = [columns[other] for other in self.main[: self.main.index(name)] if other in columns]
            columns[name] = max([columns[name], *(column + 1 for column in before[-1:])])
        for name in reversed(order):
            after = [columns[target] for target in found.after[name] if target in columns]
            if name not in self.main and after:
                columns[name] = max(columns[name], min(after) - 1)
        return columns


def _span(chain: Chain, found: Drawing, columns: Mapping[str, int]) -> tuple[int, int]:
    """The columns that a chain and the wires at its ends run through."""
    own = [columns[name] for name in chain.nodes if name in columns]
    before = [columns[name] + 1 for name in found.before[chain.nodes[0]] if name in columns]
    return min([*own, *before[:1]]), max([*own, columns.get(chain.feeds, 0) - 1])


def _free(taken: dict[int, list[tuple[int, int]]], span: tuple[int, int], tracks: Iterable[int]) -> int:
    """The first track where nothing stands in `span`, which is then taken."""
    for track in tracks:
        spans = taken.setdefault(track, [])
        if all(span[1] < low or high < span[0] for low, high in spans):
            spans.append(span)
            return track
    raise AssertionError("no track is free")


def _bands(found: Drawing, wished: float) -> list[Band]:
    """All nodes in bands, from top to bottom."""
    every = chains(found)
    alone = [chain for chain in every if len(chain.nodes) == 1 and not chain.feeds and _lonely(chain, found)]
    streams = [chain for chain in every if is_stream(chain, found) or chain is every[0]]
    streams = [*streams[1:], *streams[:1]]
    beside = [chain for chain in every if chain not in streams and chain not in alone]
    bands, home = list[Band](), dict[str, Band]()
    for stream in [chain for chain in streams if chain not in alone]:
        for part in split([name for name in stream.nodes if found.kinds[name] != INPUT], found, wished):
            bands.append(Band(part))
            home |= dict.fromkeys(part, bands[-1])
    loose = [chain.nodes[0] for chain in alone if found.kinds[chain.nodes[0]] != INPUT]
    bands += [Band(loose[start : start + int(wished)]) for start in range(0, len(loose), int(wished))]
    bands = bands or [Band([])]
    _hang(beside, bands, home, found)
    _enter(bands, home, found)
    for band in bands:
        band.fill(found)
    return bands


def _lonely(chain: Chain, found: Drawing) -> bool:
    return not found.before[chain.nodes[0]] and not found.after[chain.nodes[0]]


def _hang(beside: list[Chain], bands: list[Band], home: dict[str, Band], found: Drawing) -> None:
    """Put each shorter chain into the band that it leads to, or else comes from."""
    for chain in beside:
        near = [chain.feeds, *found.before[chain.nodes[0]]]
        band = next((home[name] for name in near if name in home), bands[-1])
        nodes = tuple(name for name in chain.nodes if found.kinds[name] != INPUT)
        if nodes:
            band.beside.append(Chain(nodes, chain.feeds))
            home |= dict.fromkeys(nodes, band)


def _enter(bands: list[Band], home: Mapping[str, Band], found: Drawing) -> None:
    """Put each input at the start of the first band that uses it."""
    rank = {id(band): place for place, band in enumerate(bands)}
    for name in [name for name, kind in found.kinds.items() if kind == INPUT]:
        used = [rank[id(home[target])] for target in found.after[name] if target in home]
        bands[min(used, default=0)].inputs.append(name)


def _placed(bands: list[Band], definition: Definition, sizes: Mapping[str, Size]) -> dict[str, Place]:
    lefts = _lefts(bands, sizes)
    places: dict[str, Place] = {}
    top = 0.0
    for band in bands:
        tops, bottom = _tops(band, top, sizes)
        for name, (column, track) in band.cells.items():
            drop = RAIL_DROP if definition.nodes[name].is_rail else 0
            left = lefts[column]
            if definition.nodes[name].kind == INPUT:
                left = lefts[1] - COLUMN_GAP - sizes[name].width
            places[name] = (floor(left), floor(tops[track]) + drop)
        top = bottom + BAND_GAP
    return {name: places[name] for name in definition.nodes}


def _lefts(bands: list[Band], sizes: Mapping[str, Size]) -> list[float]:
    """The left edge of each column."""
    widths: dict[int, float] = {}
    for band in bands:
        for name, (column, _) in band.cells.items():
            widths[column] = max(widths.get(column, 0), sizes[name].width)
    steps = [widths[column] + COLUMN_GAP if column in widths else 0 for column in range(max(widths, default=0) + 2)]
    return [0.0, *accumulate(steps)]


def _tops(band: Band, top: float, sizes: Mapping[str, Size]) -> tuple[dict[int, float], float]:
    """The top edge of each track of a band, and the band's bottom; inputs below others stand close together."""
    tops: dict[int, float] = {}
    here, under_input, bottom = top, top + RAIL_DROP, top
    for track in sorted({track for _, track in band.cells.values()}):
        names = [name for name, cell in band.cells.items() if cell[1] == track]
        if track and all(name in band.inputs for name in names):
            beside = here + RAIL_DROP if band.beside else 0
            passed = [sizes[block].height for block in band.main if band.cells[block][0] < band.reach[names[0]]]
            below = top + max(passed) + UNDER - RAIL_HEIGHT / 2 if passed else top
            tops[track] = max(under_input, beside, below) - RAIL_DROP
            bottom = max(bottom, tops[track] + RAIL_DROP + RAIL_HEIGHT)
        else:
            tops[track] = here
            bottom = max(bottom, here + max(_depth(sizes[name]) for name in names))
            here = bottom + TRACK_GAP
        if any(name in band.inputs for name in names):
            under_input = tops[track] + RAIL_DROP + RAIL_HEIGHT + INPUT_GAP
    return tops, bottom


def _depth(size: Size) -> float:
    """How far a node reaches below the top of its track; ends hang lower, level with the first port of a block."""
    return size.height + (RAIL_DROP if size.height == RAIL_HEIGHT else 0)
