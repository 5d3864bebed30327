"""How long one edit of a large graph takes to be checked."""

from __future__ import annotations

from collections.abc import Iterator

from builder.document import Document
from builder.edits import SetLabel, SetSetting
from builder.validate import validate
from tests.benchmarks.graphs import chain
from tests.benchmarks.table import Row, best

GOALS = {20: None, 100: None, 300: 50.0, 1000: None}


def rows() -> Iterator[Row]:
    """Milliseconds from an edit to its diagnostics and shapes, by the number of nodes."""
    for count, goal in GOALS.items():
        document = chain(count)
        validate(document)
        turn = iter(range(10**6))
        seconds = best(lambda document=document, turn=turn: validate(edited(document, next(turn))))  # type: ignore[misc]
        yield Row(what=f"check one edit at {count} nodes", value=1000 * seconds, unit="ms", goal=goal)


def edited(document: Document, turn: int) -> Document:
    """The document after one more edit, another one each time."""
    name, node = next((n, node) for n, node in document.main.nodes.items() if "p" in node.settings or not node.is_rail)
    if "p" in node.settings:
        return SetSetting(node=name, name="p", value=0.001 * (turn % 900)).apply(document)
    return SetLabel(node=name, text=f"turn {turn}").apply(document)
