"""Ties of weights, for the inspector: what a block's matrices are one with, and all ties of the model."""

from __future__ import annotations

from typing import Any

from builder.document import Document
from builder.edits import Edit
from builder.storage import Tying, shared, tie_weights, tyings, untie_weight
from views.forms import Section, choice
from views.parts import Dialog, Message
from views.session import Session
from views.symbols import Ask

TIE, UNTIE = "tie", "untie"
OWN, NOW, MORE = "own", "now", "more"  # beside paths, what a row may be set to; the second changes nothing
FEW = 8  # so many matrices are offered in the row itself, more in a dialog with a search
ABOUT = "Whether the matrix is a parameter of its own, or the same one as another of equal shape."


def tie_rows(session: Session, node: str) -> list[Section]:
    """The section about what the matrices of a block of the open definition are tied to, or could be."""
    rows = [_row(tying) for tying in tyings(session.document, session.path, node)]
    return (
        [{"kind": "heading", "text": "Weights"}, {"kind": "form", "id": f"ties {node}", "rows": rows}] if rows else []
    )


def _row(tying: Tying) -> Section:
    own = {"id": OWN, "label": "its own"}
    others = [{"id": other.path, "label": f"tied to {_short(tying, other.path)}"} for other in tying.others]
    if len(others) > FEW:
        others = [{"id": MORE, "label": "tie to …"}]
    present = _present(tying)
    options = [*([] if present in (own, *others) else [present]), own, *others]
    row: Section = {**choice(tying.leaf, present["id"]), "field": f"{TIE}:{tying.leaf}", "options": options}
    return {**row, "help": f"{tying.weight.path}. {ABOUT}", "long": True}


def _present(tying: Tying) -> dict[str, str]:
    """What a matrix is now, as a choice."""
    if len(tying.kept) > 1:
        return {"id": NOW, "label": "differs from layer to layer"}
    if kept := tying.kept[0]:
        return {"id": kept, "label": f"tied to {_short(tying, kept)}"}
    if tying.followers:
        return {"id": NOW, "label": f"one with {', '.join(_short(tying, path) for path in tying.followers)}"}
    return {"id": OWN, "label": "its own"}


def _short(tying: Tying, path: str) -> str:
    """A path as it is written within the composite around the matrix, if it leads there."""
    own = tying.weight.path.removesuffix(tying.leaf)[:-1]
    around = own[: own.rfind(".") + 1]
    return path.removeprefix(around)


def ask_tie(session: Session, ask: Ask, name: str) -> None:
    """Let the user choose what a matrix of the selected block becomes one with, of very many.

    Args:
        session: The window's state.
        ask: Opens a dialog.
        name: The matrix's name within the block.
    """
    node = session.nodes[0]
    tying = _tying(session, node, name)
    if tying is None:
        return
    dialog = Dialog(
        id="tie",
        title=f"Tie {tying.weight.path} to",
        text="Matrices of equal shape. Two that are tied are one parameter: they learn as one and are counted once.",
        items=[{"id": other.path, "label": _short(tying, other.path)} for other in tying.others],
        search=True,
        buttons=[{"id": TIE, "label": "Tie", "primary": True}],
    )

    def answered(message: Message) -> None:
        edit = tie_edit(session, node, f"{TIE}:{name}", message["item"]) if message["button"] == TIE else None
        if edit is not None:
            session.apply(edit)

    ask(dialog, answered)


def tie_list(document: Document) -> list[Section]:
    """The section with all ties of a model, each with a button that undoes it."""
    found = shared(document)
    if not found:
        return []
    acts = [{"id": f"{UNTIE}:{tie.first}", "icon": "close", "title": f"Untie {tie.first}"} for tie in found]
    rows = [[f"{tie.first} = {tie.second}"] for tie in found]
    return [
        {"kind": "heading", "text": "Ties", "note": f"{len(found)}"},
        {"kind": "table", "mono": True, "rows": rows, "acts": acts},
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
    tying = _tying(session, node, name)
    if tying is None or value == _present(tying)["id"]:
        return None
    if value == OWN:
        return untie_weight(session.document, tying.weight)
    other = next((other for other in tying.others if other.path == value), None)
    return tie_weights(session.document, tying.weight, other) if other else None


def _tying(session: Session, node: str, name: str) -> Tying | None:
    """How a matrix of a block of the open definition is stored."""
    return next((t for t in tyings(session.document, session.path, node) if t.leaf == name), None)
