"""A definition as an SVG picture: for MLflow the canvas without its tools, for the gallery a thumbnail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from builder.catalogue import Signature
from builder.dims import text as shape_text
from builder.document import INPUT, Definition, Document, Node, PortRef, Wire
from builder.expressions import evaluate
from builder.lanes import Box, Point, path, route
from builder.layout import HEAD, RAIL_HEIGHT, ROW, Size, positions, sizes_of
from builder.rules import View
from builder.validate import look
from builder.values import known_scope
from engine.errors import ExpressionError
from engine.ports import Port

EDGE = 24  # room around the drawing, in pixels
BOLD, WIDER, PILE = 7, 14, 20  # of a thumbnail: strokes; by how much blocks grow; how far a repeated one is drawn again
FAMILIES = {
    "Embedding": "ids", "Attention": "key", "Feed-forward": "value", "Norm and wiring": "weights",
    "Composites": "hidden", "Heads": "logits",
}  # fmt: skip
LIGHT = {
    "sunken": "#f5f6f8", "surface": "#ffffff", "line": "#dde1e6", "line2": "#c9cfd6", "text": "#1c2128",
    "muted": "#5a6674", "hidden": "#3f6fb5", "ids": "#6b7785", "query": "#0072b2", "key": "#d55e00",
    "value": "#00885f", "weights": "#b07a00", "mask": "#7d8792", "logits": "#a8487f",
}  # fmt: skip
DARK = {
    "sunken": "#12161b", "surface": "#171b21", "line": "#272d36", "line2": "#39424e", "text": "#e4e8ee",
    "muted": "#9ba6b4", "hidden": "#7fb0ee", "ids": "#9aa6b4", "query": "#56b4e9", "key": "#ff8a4c",
    "value": "#3fcf9f", "weights": "#f0b93a", "mask": "#8b96a3", "logits": "#e28bbd",
}  # fmt: skip
_SHOWN = {"heads": "hidden", "any": "hidden", "scores": "weights", "pooled": "logits", "pixels": "ids"}
FONT = "Inter, 'Segoe UI', sans-serif"
MONO = "'JetBrains Mono', Menlo, monospace"


_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


def _escape(text: str) -> str:
    """`text` as it stands in XML: markup is escaped, and what XML cannot hold is a replacement character."""
    return escape(_NO_TEXT.sub("\ufffd", text))


def svg(document: Document, at: str = "", *, dark: bool = False) -> str:
    """Draw a definition.

    Args:
        document: The model; it need not be valid.
        at: The definition; empty is the root.
        dark: Colours for a dark page.

    Returns:
        SVG text that stands by itself: no script, no link, all that a user wrote escaped.
    """
    drawing = _drawing(document, at, dark=dark)
    return drawing.framed([*drawing.wires(), *drawing.nodes()], f"{document.name}: {drawing.view.definition.title}")


def thumbnail(document: Document, *, dark: bool = False) -> str:
    """Draw a model so small that no word could be read: its blocks in the colours of their families, and its wires.

    Args:
        document: The model; it need not be valid.
        dark: Colours for a dark page.

    Returns:
        SVG text without any words.
    """
    drawing = _drawing(document, "", dark=dark)
    return drawing.framed([*drawing.ways(), *drawing.patches()])


def _drawing(document: Document, at: str, *, dark: bool) -> _Drawing:
    definition = document.definition(at)
    view = look(document, definition, known_scope(definition))
    return _Drawing(view, _boxes(document, definition), DARK if dark else LIGHT)


def _boxes(document: Document, definition: Definition) -> dict[str, Box]:
    """The place of each node; laid out anew if nobody has placed them."""
    sizes = sizes_of(document, definition)
    own = {name: (node.x, node.y) for name, node in definition.nodes.items()}
    places = own if len(set(own.values())) == len(own) else positions(document, definition.name)
    return {name: _box(places[name], size) for name, size in sizes.items()}


def _box(place: tuple[float, float], size: Size) -> Box:
    return Box(place[0], place[1], size.width, size.height)


@dataclass(frozen=True)
class _Drawing:
    """The parts of a picture.

    Args:
        view: What is drawn, with its kinds.
        boxes: Where each node is.
        colours: By name.
    """

    view: View
    boxes: Mapping[str, Box]
    colours: Mapping[str, str]

    def colour(self, kind: str) -> str:
        """The colour of what a port carries."""
        return self.colours[_SHOWN.get(kind, kind)]

    def framed(self, parts: Iterable[str], title: str = "") -> str:
        """The whole picture, with room around its parts."""
        boxes = self.boxes.values()
        left, top = min((b.x for b in boxes), default=0) - EDGE, min((b.y for b in boxes), default=0) - 2.5 * EDGE
        right = max((b.x + b.w for b in boxes), default=0) + EDGE
        bottom = max((b.bottom for b in boxes), default=0) + EDGE
        width, height = max(1, round(right - left)), max(1, round(bottom - top))
        frame = f'viewBox="{left:g} {top:g} {width} {height}" width="{width}" height="{height}"'
        ground = f'<rect x="{left:g}" y="{top:g}" width="{width}" height="{height}" fill="{self.colours["sunken"]}"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" font-family="{_escape(FONT)}">'
        name = f"<title>{_escape(title)}</title>" if title else ""
        return f"{head}{name}{ground}{''.join(parts)}</svg>"

    def ways(self) -> Iterator[str]:
        """All wires as wide lines, as a thumbnail needs them."""
        for wire in self.view.definition.wires:
            line, _, colour = self._way(wire)
            yield f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{BOLD}"/>'

    def patches(self) -> Iterator[str]:
        """All nodes without words: ends as dots, blocks in the colour of their family, repeated ones as a pile."""
        for name, node in self.view.definition.nodes.items():
            box = self.boxes[name]
            if node.is_rail:
                x = box.x + box.w if node.kind == INPUT else box.x
                colour = self.colour((node.port or Port(name=name)).kind)
                yield f'<circle cx="{x:g}" cy="{box.y + box.h / 2:g}" r="{2 * BOLD}" fill="{colour}"/>'
                continue
            patch = Box(box.x - WIDER, box.y - WIDER / 2, box.w + 2 * WIDER, box.h + WIDER)
            colour = self._family(self.view.around.signatures[name])
            edge = f'fill="{colour}" stroke="{self.colours["sunken"]}" stroke-width="{BOLD}"'
            if node.repeat is not None:
                yield _rect(patch._replace(x=patch.x + PILE, y=patch.y + PILE), edge)
            yield _rect(patch, edge)

    def _family(self, kind: Signature | None) -> str:
        return self.colours[FAMILIES.get(kind.family if kind else "", "mask")]

    def _way(self, wire: Wire) -> tuple[str, Point | None, str]:
        """A wire's path, where a label may stand on it, and its colour."""
        start, end = self._end(wire.source, into=False), self._end(wire.target, into=True)
        others = [box for name, box in self.boxes.items() if name not in (wire.source.node, wire.target.node)]
        colour = self.colour(self.view.found.kinds.get(wire.source, "any"))
        return *path(route(start, end, others, self.boxes[wire.target.node])), colour

    def wires(self) -> Iterator[str]:
        """All wires, then the shapes that stand on them."""
        labels = []
        for wire in self.view.definition.wires:
            line, label, colour = self._way(wire)
            dashes = ' stroke-dasharray="5 4"' if self.view.found.kinds.get(wire.source) == "mask" else ""
            yield f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
            labels.append(self._label(wire, label))
        yield from labels

    def _label(self, wire: Wire, at: Point | None) -> str:
        """The shape of a wire on its straight run, if it has one."""
        words = shape_text(self.view.found.shapes.get(wire.source))
        if at is None or not words:
            return ""
        half = 3.3 * len(words) + 5
        ground = (
            f'<rect x="{at[0] - half:g}" y="{at[1] - 8:g}" width="{2 * half:g}" height="16" '
            f'fill="{self.colours["sunken"]}"/>'
        )
        style = f'font-family="{_escape(MONO)}" font-size="11" fill="{self.colours["muted"]}" text-anchor="middle"'
        return f'{ground}<text x="{at[0]:g}" y="{at[1] + 4:g}" {style}>{_escape(words)}</text>'

    def _end(self, ref: PortRef, *, into: bool) -> Point:
        box, node = self.boxes[ref.node], self.view.definition.nodes[ref.node]
        if node.is_rail:
            return (box.x if into else box.x + box.w, box.y + RAIL_HEIGHT / 2)
        kind = self.view.around.signatures[ref.node]
        ports = (kind.inputs if into else kind.outputs) if kind else ()
        row = next((place for place, port in enumerate(ports) if port.name == ref.port), 0)
        return (box.x if into else box.x + box.w, _row(box, row))

    def nodes(self) -> Iterator[str]:
        """All nodes with their ports."""
        for name, node in self.view.definition.nodes.items():
            yield self._rail(name, node) if node.is_rail else self._block(name, node)

    def _rail(self, name: str, node: Node) -> str:
        box, kind = self.boxes[name], (node.port or Port(name=name)).kind
        side = box.x + box.w if node.kind == INPUT else box.x
        words = f"{node.label or name} ▸" if node.kind == INPUT else f"▸ {node.label or name}"
        frame = _rect(box, f'fill="{self.colours["surface"]}" stroke="{self.colours["line2"]}" stroke-dasharray="4 3"')
        text = _text(box.x + box.w / 2, box.y + 19, words, 12, self.colours["muted"], anchor="middle")
        return f"{frame}{text}{self._port(side, box.y + RAIL_HEIGHT / 2, kind)}"

    def _block(self, name: str, node: Node) -> str:
        box, kind = self.boxes[name], self.view.around.signatures[name]
        title = node.label or (kind.title if kind else node.kind)
        stripe = self._family(kind)
        frame = _rect(box, f'fill="{self.colours["surface"]}" stroke="{self.colours["line2"]}"')
        mark = f'<path d="M{box.x + 2:g} {box.y + 5:g}v{HEAD - 8}" stroke="{stripe}" stroke-width="3"/>'
        rule = f'<path d="M{box.x:g} {box.y + HEAD:g}h{box.w:g}" stroke="{self.colours["line"]}"/>'
        text = _text(box.x + 12, box.y + 19, title, 13, self.colours["text"], bold=True)
        times = _text(box.x + box.w - 10, box.y + 19, self._times(node), 12, self.colours["muted"], anchor="end")
        return "".join([frame, mark, rule, text, times, *self._ports(name, box, kind)])

    def _times(self, node: Node) -> str:
        if node.repeat is None:
            return ""
        try:
            return f"×{evaluate(str(node.repeat), self.view.around.scope)}"
        except ExpressionError:
            return f"×{node.repeat}"

    def _ports(self, name: str, box: Box, kind: Signature | None) -> Iterator[str]:
        sides = ((kind.inputs, box.x, 12, "start"), (kind.outputs, box.x + box.w, -12, "end")) if kind else ()
        for ports, x, inward, anchor in sides:
            for row, port in enumerate(ports):
                y = _row(box, row)
                yield self._port(x, y, self.view.found.kinds.get(PortRef(name, port.name), port.kind))
                yield _text(x + inward, y + 4, port.name, 12, self.colours["muted"], anchor=anchor)

    def _port(self, x: float, y: float, kind: str) -> str:
        """A port's glyph: square for ids and masks, diamond for weights, else round."""
        paint = f'fill="{self.colour(kind)}" stroke="{self.colours["surface"]}" stroke-width="2"'
        if kind in ("ids", "mask"):
            return f'<rect x="{x - 5:g}" y="{y - 5:g}" width="10" height="10" {paint}/>'
        if kind in ("weights", "scores"):
            return f'<path d="M{x:g} {y - 6:g}l6 6l-6 6l-6 -6z" {paint}/>'
        return f'<circle cx="{x:g}" cy="{y:g}" r="5" {paint}/>'


def _row(box: Box, row: int) -> float:
    return box.y + 1 + HEAD + ROW * row + ROW / 2


def _rect(box: Box, paint: str) -> str:
    return f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.w:g}" height="{box.h:g}" rx="7" {paint}/>'


def _text(x: float, y: float, words: str, size: int, colour: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}'
    return f'<text x="{x:g}" y="{y:g}" {style}>{_escape(words)}</text>' if words else ""
