"""What stands inside a composite, for the inspector: every inner setting, to be set or exposed from outside.

An inner setting belongs to the definition, so that all uses of the definition follow a change of it; what is to
differ between uses is exposed first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from builder.catalogue import Signature, is_literal, node_signature
from builder.document import Definition, Document, Node
from builder.edits import Edit, ExposeSetting, SetSetting
from engine.settings import Field, Value
from views.captions import family_token
from views.forms import Section, read, rows_of, text_of
from views.scopes import scope_at
from views.session import Session

MOST = 400  # groups; what lies deeper is seen by opening it
INSIDE, EXPOSE, SYMBOL = "inside", "expose", "size"


@dataclass(frozen=True)
class _Level:
    """One composite on the way inward."""

    document: Document
    path: tuple[str, ...]
    above: tuple[str, ...]
    depth: int

    def groups(self) -> Iterator[Section]:
        """A group of rows for each block with settings, and those inside it."""
        here, scope = self.document.definition_at(self.path), scope_at(self.document, self.path)
        for name, node in here.nodes.items():
            kind = node_signature(self.document, node, name)
            if node.is_rail or kind is None or not (kind.fields or kind.composite):
                continue
            yield {
                "id": ".".join((*self.above, name)),
                "title": node.label or kind.title,
                "colour": family_token(kind.family),
                "depth": self.depth,
                "note": _note(self.document, kind),
                "rows": setting_rows(here, name, node, kind, scope, prefix=f"{INSIDE}:{here.name}:{name}"),
            }
            if kind.composite:
                inner = replace(self, path=(*self.path, name), above=(*self.above, name), depth=self.depth + 1)
                yield from inner.groups()


def _note(document: Document, kind: Signature) -> str:
    uses = sum(1 for _ in document.uses(kind.kind)) if kind.composite else 1
    return f"used {uses}×" if uses > 1 else ""


def inside(session: Session, name: str) -> list[Section]:
    """The sections about the inside of the composite `name` of the open definition."""
    document, here = session.document, session.definition
    inner = document.definition(here.nodes[name].kind)
    level = _Level(document, (*session.path, name), (), 0)
    groups = [group for group, _ in zip(level.groups(), range(MOST), strict=False)]
    if not groups:
        return []
    uses = sum(1 for _ in document.uses(inner.name))
    text = f"{inner.title} is used {uses} times: what is set here is set in all of them." if uses > 1 else ""
    return [
        {"kind": "heading", "text": "Inside", "note": f"{len(inner.nodes)} blocks"},
        *([{"kind": "text", "text": text}] if text else []),
        {"kind": "inside", "id": f"inside {inner.name}", "groups": groups},
    ]


def setting_rows(
    here: Definition, name: str, node: Node, kind: Signature, scope: dict[str, Value], *, prefix: str
) -> list[Section]:
    """A form row for each setting of a node; those that can be exposed say so.

    Args:
        here: The definition that the node is in.
        name: Its id.
        node: The node.
        kind: What it is.
        scope: Values of the symbols around it.
        prefix: Put before a setting's name in messages.
    """
    given = [(field, node.settings.get(field.name, field.default)) for field in kind.fields]
    rows = rows_of(given, scope, prefix=prefix, given=node.settings)
    for row, (field, value) in zip(rows, given, strict=True):
        if _can_be_exposed(here, field, value, set=field.name in node.settings):
            act = {"id": f"{EXPOSE}:{here.name}:{name}:{field.name}", "icon": "upload"}
            row["act"] = {**act, "title": f"Expose {field.name}: make it a size of {here.title}"}
    return rows


def _can_be_exposed(here: Definition, field: Field, value: Value, *, set: bool) -> bool:
    if is_literal(field, value):
        return field.type is not str or bool(field.setting.choices)
    return not (set and str(value) in {symbol.name for symbol in here.symbols})


def symbol_rows(here: Definition, scope: dict[str, Value], *, is_inner: bool = False) -> list[Section]:
    """A form row for each symbol of a definition, with a button that asks what else can be done with it.

    Args:
        here: The definition.
        scope: Values of its symbols, at the place in the model that is looked at.
        is_inner: Whether it stands in another one, which may set them: then what they are here is said beside.
    """
    rows = rows_of([(symbol.field, symbol.value) for symbol in here.symbols], scope, prefix="symbol", own=True)
    for row in rows:
        name = row["label"]
        act = {"id": f"{SYMBOL}:{here.name}:{name}", "icon": "more"}
        row["act"] = {**act, "title": f"Rename {name}, or take it away"}
        if is_inner and name in scope and text_of(scope[name]) != row["value"]:
            row["hint"] = f"= {text_of(scope[name])} here"
    return rows


def inner_edit(session: Session, field: str, value: Any) -> Edit | None:
    """The edit that a field or button made here asks for; `None` for other fields.

    Args:
        session: The window's state.
        field: `inside:definition:node:setting` or `expose:definition:node:setting`.
        value: What was typed.
    """
    what, *names = field.split(":")
    match what, names:
        case "inside", [at, node, name]:
            kind = node_signature(session.document, session.document.definition(at).node(node), node)
            found = kind.field(name) if kind else None
            return SetSetting(at=at, node=node, name=name, value=read(found, value) if found else str(value))
        case "expose", [at, node, name]:
            return ExposeSetting(at=at, node=node, name=name)
    return None
