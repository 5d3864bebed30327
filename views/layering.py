"""The layers of a repeated composite, for the inspector: what runs between them, and what single ones have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.catalogue import Signature
from builder.document import Node
from builder.edits import Edit, SetCarry, SetSetting, SetShared
from builder.edits.settings import most_layers
from engine.ports import kinds_fit
from views.forms import Section, choice, number, read, rows_of
from views.session import Session

ARROW = " → "


@dataclass
class Wanted:
    """Holds which setting of which layer is to be added next.

    Args:
        layer: Its index, as typed.
        setting: The setting; empty is the first one.
    """

    layer: str = "0"
    setting: str = ""


def layer_rows(session: Session, name: str, kind: Signature, wanted: Wanted) -> list[Section]:
    """The sections about the layers of the repeated composite `name` of the open definition."""
    node = session.definition.nodes[name]
    if node.repeat is None:
        return []
    count = most_layers(session.definition, node)
    rows = [
        _carry(node, kind),
        {**choice("weights", "shared" if node.shared else "own", ("own", "shared")), "field": "shared"},
    ]
    rows[1]["help"] = "Whether every layer has weights of its own, or all share one set."
    return [
        {"kind": "heading", "text": "Layers", "note": f"×{count}"},
        {"kind": "form", "id": f"layers {name}", "rows": rows},
        {"kind": "text", "text": _explained(node, kind)},
        *_overrides(session, name, node, kind),
        *_more(kind, wanted, count),
    ]


def _carry(node: Node, kind: Signature) -> Section:
    pairs = [
        f"{out.name}{ARROW}{into.name}"
        for out in kind.outputs
        for into in kind.inputs
        if not (out.watch or into.optional) and kinds_fit(out.kind, into.kind)
    ]
    present = ARROW.join(reversed(node.carry)) if node.carry else ""
    row = choice("carry", present, pairs if present in pairs else [present, *pairs])
    return {**row, "help": "Which output of a layer is which input of the next one."}


def _explained(node: Node, kind: Signature) -> str:
    """What goes where, in words."""
    if node.shared and node.overrides:
        return "All layers are one and the same, so settings of single layers do not count."
    into = node.carry[0] if node.carry else ""
    others = [port.name for port in kind.inputs if port.name != into]
    if not others:
        return "Each layer takes what the one before it gives."
    verb = "goes" if len(others) == 1 else "go"
    return f"Each layer takes what the one before it gives; {_listed(others)} {verb} to all."


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _overrides(session: Session, name: str, node: Node, kind: Signature) -> list[Section]:
    rows: list[Section] = []
    for index, settings in node.overrides.items():
        fields = [(field, settings[field.name]) for field in kind.fields if field.name in settings]
        for row in rows_of(fields, session.scope, prefix=f"layer:{index}"):
            setting = row["label"]
            act = {"id": f"unlayer:{index}:{setting}", "icon": "close", "title": "Take it away: like the others again"}
            rows.append({**row, "label": f"{index} · {setting}", "act": act, "shown": True})
    return [{"kind": "form", "id": f"overrides {name}", "rows": rows}] if rows else []


def _more(kind: Signature, wanted: Wanted, count: int) -> list[Section]:
    if not kind.fields:
        return []
    names, chosen, last = [field.name for field in kind.fields], _setting(wanted, kind), f"0 to {count - 1}"
    items = [
        {"kind": "field", "id": "layer-index", "label": "layer", "value": wanted.layer, "width": 40, "title": last},
        {"kind": "select", "id": "layer-setting", "title": "Setting", "options": names, "value": chosen},
        {
            "kind": "button",
            "id": "layer-add",
            "text": "Give layer its own",
            "title": "Let this layer have its own value",
        },
    ]
    return [{"kind": "controls", "id": "layer-more", "items": items}]


def _setting(wanted: Wanted, kind: Signature) -> str:
    names = [field.name for field in kind.fields]
    return wanted.setting if wanted.setting in names else names[0]


def layer_edit(session: Session, name: str, kind: Signature, field: str, value: Any, wanted: Wanted) -> Edit | None:
    """The edit that a field or button made here asks for; `None` for others.

    Args:
        session: The window's state.
        name: The repeated composite.
        kind: What it is.
        field: What was changed or pressed.
        value: What was typed or chosen.
        wanted: Which setting to add; changed by its fields.
    """
    at = session.definition.name
    what, *names = field.split(":")
    match what, names:
        case "carry", []:
            out, _, into = str(value).partition(ARROW)
            return SetCarry(at=at, node=name, into=into, out=out)
        case "shared", []:
            return SetShared(at=at, node=name, shared=value == "shared")
        case "layer", [index, setting]:
            found = kind.field(setting)
            return (
                SetSetting(at=at, node=name, name=setting, layer=int(index), value=read(found, value))
                if found
                else None
            )
        case "unlayer", [index, setting]:
            return SetSetting(at=at, node=name, name=setting, layer=int(index), value=None)
        case "layer-index", []:
            wanted.layer = str(value).strip()
        case "layer-setting", []:
            wanted.setting = str(value)
        case "layer-add", []:
            return _added(session, name, kind, wanted)
    return None


def _added(session: Session, name: str, kind: Signature, wanted: Wanted) -> Edit | None:
    setting, index = _setting(wanted, kind), number(wanted.layer)
    field = kind.field(setting)
    if field is None or not isinstance(index, int):
        session.tell(f"{wanted.layer!r} is no layer. Write its number; the first is 0.")
        return None
    node = session.definition.nodes[name]
    value = node.settings.get(setting, session.scope.get(setting, field.default))
    return SetSetting(at=session.definition.name, node=name, name=setting, layer=index, value=value)
