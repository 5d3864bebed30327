"""The palette pane and the list of blocks that the canvas searches: those of the builder and the model's own."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any

from builder.catalogue import Signature, outside, palette
from builder.document import Document
from engine.blocks.spec import FAMILIES
from views.canvas_part import Canvas
from views.captions import family_token
from views.parts import Palette
from views.session import Session


class PalettePane:
    """Keeps the palette and the canvas's search up to date with the composites of the model.

    Args:
        session: The window's state.
        canvas: The canvas, whose search offers the same blocks.
    """

    def __init__(self, session: Session, canvas: Canvas) -> None:
        self._session, self._canvas = session, canvas
        self._own: tuple[Signature, ...] = ()
        self.part = Palette()
        self._show()
        session.param.watch(lambda _: self._show(), ["revision"])

    def _show(self) -> None:
        own = _own(self._session.document)
        if not self.part.groups or own != self._own:
            self._own = own
            self.part.groups, self._canvas.catalogue = _groups(own), _catalogue(own)


def catalogue(document: Document) -> list[dict[str, Any]]:
    """All blocks and composites, as the canvas's search wants them."""
    return _catalogue(_own(document))


def groups(document: Document) -> list[dict[str, Any]]:
    """The palette's groups, in the order of the families."""
    return _groups(_own(document))


def _own(document: Document) -> tuple[Signature, ...]:
    return tuple(outside(d) for name, d in document.definitions.items() if name != document.root)


@lru_cache(maxsize=8)
def _entries(own: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """What there is, family by family; the model's own instead of the library's of the same kind."""
    mine = {entry.kind: entry for entry in own}
    rest = [mine.pop(entry.kind, entry) for entry in palette()]
    rank = {family: place for place, family in enumerate(FAMILIES)}
    return tuple(sorted((*rest, *mine.values()), key=lambda entry: rank.get(entry.family, len(rank))))


@lru_cache(maxsize=8)
def _catalogue(own: tuple[Signature, ...]) -> list[dict[str, Any]]:
    return [
        {
            "kind": entry.kind,
            "title": entry.title,
            "family": family_token(entry.family),
            "hint": entry.about,
            "inputs": [{"id": p.name, "kind": p.kind} for p in entry.inputs],
            "outputs": [{"id": p.name, "kind": p.kind} for p in entry.outputs if not p.watch],
        }
        for entry in _entries(own)
    ]


@lru_cache(maxsize=8)
def _groups(own: tuple[Signature, ...]) -> list[dict[str, Any]]:
    rows = []
    for family, entries in groupby(_entries(own), key=lambda entry: entry.family):
        items = [{"kind": e.kind, "label": e.title, "hint": e.about} for e in entries]
        rows.append({"name": family, "colour": family_token(family), "count": len(items), "items": items})
    return rows
