"""Ties of weights, for the inspector: what a block's matrices are one with, and all ties of the model."""

from __future__ import annotations

from typing import Any

from builder.document import Document
from builder.edits import Edit
from builder.storage import Tying, shared, tie_weights, tyings, untie_weight
from views.forms import Section, choice
from views.session import Session

TIE, UNTIE = "tie", "untie"
OWN, TIED, DIFFERS = "its own", "tied to ", "differs from layer to layer"
ABOUT = "Whether the matrix is a parameter of its own, or the same one as another of equal shape."


def tie_rows(session: Session, node: str) -> list[Section]:
    """The section about what the matrices of a block of the open definition are tied to, or could be."""
    rows = [_row(tying) for tying in tyings(session.document, session.path, node)]
    return (
        [{"kind": "heading", "text": "Weights"}, {"kind": "form", "id": f"ties {node}", "rows": rows}] if rows else []
    )


def _row(tying: Tying) -> Section:
    present = _present(tying)
    options = dict.fromkeys([present, OWN, *(f"{TIED}{other.path}" for other in tying.others)])
    return {
        **choice(tying.leaf, present, options),
        "field": f"{TIE}:{tying.leaf}",
        "help": f"{tying.weight.path}. {ABOUT}",
    }


def _present(tying: Tying) -> str:
    """What a matrix is now, in words."""
    if len(tying.kept) > 1:
        return DIFFERS
    if tying.kept[0]:
        return f"{TIED}{tying.kept[0]}"
    return f"one with {', '.join(tying.followers)}" if tying.followers else OWN


def tie_list(document: Document) -> list[Section]:
    """The section with all ties of a model, each with a button that undoes it."""
    found = shared(document)
    if not found:
        return []
    return [
        {"kind": "heading", "text": "Ties", "note": f"{len(found)}"},
        {
            "kind": "table",
            "mono": True,
            "rows": [[tie.first, tie.second] for tie in found],
            "acts": [{"id": f"{UNTIE}:{tie.first}", "icon": "close", "title": f"Untie {tie.first}"} for tie in found],
        },
    ]


def tie_edit(session: Session, node: str, field: str, value: Any) -> Edit | None:
    """The edit that a field or button made here asks for; `None` for others.

    Args:
        session: The window's state.
        node: The selected block.
        field: `tie:parameter` or `untie:path`.
        value: What was chosen.
    """
    what, _, name = field.partition(":")
    if what == UNTIE:
        return next((tie.untie for tie in shared(session.document) if tie.first == name), None)
    if what != TIE or not node:
        return None
    tying = next((t for t in tyings(session.document, session.path, node) if t.leaf == name), None)
    if tying is None or value == _present(tying):
        return None
    if value == OWN:
        return untie_weight(session.document, tying.weight)
    other = next((other for other in tying.others if f"{TIED}{other.path}" == value), None)
    return tie_weights(session.document, tying.weight, other) if other else None
