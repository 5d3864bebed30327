"""The palette pane and the list of blocks that the canvas searches."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import Any

from builder.catalogue import palette
from views.captions import family_token


@cache
def catalogue() -> list[dict[str, Any]]:
    """All blocks and library composites, as the canvas's search wants them."""
    return [
        {
            "kind": entry.kind,
            "title": entry.title,
            "family": family_token(entry.family),
            "hint": entry.about,
            "inputs": [{"id": p.name, "kind": p.kind} for p in entry.inputs],
            "outputs": [{"id": p.name, "kind": p.kind} for p in entry.outputs if not p.watch],
        }
        for entry in palette()
    ]


@cache
def groups() -> list[dict[str, Any]]:
    """The palette's groups, in the order of the families."""
    rows = []
    for family, entries in groupby(palette(), key=lambda entry: entry.family):
        items = [{"kind": e.kind, "label": e.title, "hint": e.about} for e in entries]
        rows.append({"name": family, "colour": family_token(family), "count": len(items), "items": items})
    return rows
