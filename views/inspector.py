"""The inspector pane: what is selected, its settings as a form, its shapes and where it comes from."""

from __future__ import annotations

from typing import Any

from builder.catalogue import Signature, node_signature
from builder.document import RAIL_PORT, Node, PortRef
from builder.edits import (
    Edit,
    Rename,
    RenameDocument,
    Retitle,
    SetLabel,
    SetPort,
    SetRepeat,
    SetSetting,
    SetSymbol,
)
from engine.ports import KINDS
from engine.settings import Value
from views.captions import family_token
from views.composing import links_of
from views.forms import Section, choice, number, read
from views.inside import SYMBOL, inner_edit, inside, setting_rows, symbol_rows
from views.layering import Wanted, layer_edit, layer_rows
from views.needs import Needs, cost
from views.parts import Sheet
from views.session import Session
from views.symbols import Ask, ask_symbol
from views.ties import MORE, TIE, ask_tie, tie_edit, tie_list, tie_rows

Sections = list[Section]


class InspectorPane:
    """Follows the selection; a changed field becomes an edit.

    Args:
        session: The window's state.
        needs: What the model needs.
        ask: Opens a dialog.
    """

    def __init__(self, session: Session, needs: Needs | None = None, ask: Ask = lambda *_: None) -> None:
        self._session, self._needs, self._ask = session, needs, ask
        self._wanted = Wanted()
        self.part = Sheet(sections=self._sections())
        self.part.on(self._receive)
        session.param.watch(lambda *_: self._show(), ["revision", "path", "nodes", "wires"])
        if needs is not None:
            needs.param.watch(lambda _: self._show(), ["revision"])

    def _show(self) -> None:
        self.part.show(self._sections())

    def _sections(self) -> Sections:
        s = self._session
        if len(s.nodes) == 1 and s.nodes[0] in s.definition.nodes:
            return self._of_node(s.nodes[0])
        if len(s.nodes) > 1:
            return self._of_many()
        if len(s.wires) == 1:
            return self._of_wire(s.wires[0])
        return self._of_definition()

    def _of_definition(self) -> Sections:
        """Nothing is selected: the open definition and its sizes."""
        s = self._session
        here, root = s.definition, not s.path
        rows = [{**choice("name", s.document.name), "field": "name", "words": True}]
        if not root:
            rows = [{**choice("title", here.title), "field": "title", "words": True}]
        return [
            {"kind": "title", "text": "Model" if root else here.title, "colour": family_token(here.family)},
            *([{"kind": "text", "text": here.about}] if here.about else []),
            *([{"kind": "formula", "text": here.formula}] if here.formula else []),
            {"kind": "form", "id": "model" if root else here.name, "rows": rows},
            {"kind": "heading", "text": "Sizes" if root else "Defaults"},
            {"kind": "form", "id": "symbols", "rows": symbol_rows(here, s.scope, is_inner=not root)},
            *(tie_list(s.document) if root else []),
            *cost(self._needs, s.document, s.path),
            *([{"kind": "heading", "text": "Source"}, {"kind": "text", "text": here.paper}] if here.paper else []),
        ]

    def _of_node(self, name: str) -> Sections:
        s = self._session
        node = s.definition.nodes[name]
        kind = node_signature(s.document, node, name)
        if kind is None:
            return _missing(node)
        if node.is_rail:
            return self._of_rail(name, node, kind)
        form = setting_rows(s.definition, name, node, kind, s.scope, prefix="setting")
        links = links_of(s, (name,))
        return [
            {"kind": "title", "text": node.label or kind.title, "colour": family_token(kind.family)},
            *([{"kind": "text", "text": kind.about}] if kind.about else []),
            *([{"kind": "formula", "text": kind.formula}] if kind.formula else []),
            *([{"kind": "links", "items": links}] if links else []),
            {"kind": "form", "id": name, "rows": [*form, *_repeat_rows(node, kind), *_name_rows(name, node)]},
            *(layer_rows(s, name, kind, self._wanted) if kind.composite else []),
            *(inside(s, name) if kind.composite else tie_rows(s, name)),
            {"kind": "heading", "text": "Ports"},
            {"kind": "table", "mono": True, "rows": self._port_rows(name, kind)},
            *cost(self._needs, s.document, (*s.path, name)),
            {"kind": "heading", "text": "Source"},
            {"kind": "text", "text": kind.paper or "A block of your own."},
            {"kind": "links", "items": _COPIES},
        ]

    def _of_rail(self, name: str, node: Node, kind: Signature) -> Sections:
        port = node.port
        assert port is not None
        rows = [
            {**choice("id", name), "field": "rename"},
            {**choice("kind", port.kind, KINDS), "field": "port:kind"},
            {**choice("shape", port.shape), "field": "port:shape", "help": "Dimensions such as B T d_model."},
        ]
        if node.kind == "input":
            rows.append({**choice("optional", "on" if port.optional else "off", ("off", "on"))})
            rows[-1]["field"] = "port:optional"
        about = "comes into" if node.kind == "input" else "leaves"
        return [
            {"kind": "title", "text": node.label or name, "colour": "hidden"},
            {"kind": "text", "text": port.about or f"What {about} {self._session.definition.title.lower()}."},
            {"kind": "form", "id": name, "rows": rows},
            {"kind": "heading", "text": "Ports"},
            {"kind": "table", "mono": True, "rows": self._port_rows(name, kind)},
        ]

    def _of_many(self) -> Sections:
        nodes = self._session.nodes
        return [
            {"kind": "title", "text": f"{len(nodes)} blocks", "colour": "accent"},
            {"kind": "text", "text": "Drag one to move them together, or make one composite of them."},
            {"kind": "links", "items": links_of(self._session, nodes)},
            {"kind": "links", "items": _COPIES},
        ]

    def _of_wire(self, text: str) -> Sections:
        s = self._session
        source, _, target = text.partition(">")
        shape = s.report.shapes.get(s.definition.name, {}).get(PortRef.parse(source), "")
        found = [p.message for p in s.findings if str(p.where.wire) == text]
        return [
            {"kind": "title", "text": "Wire", "colour": "hidden"},
            *({"kind": "text", "text": message, "tone": "err"} for message in found),
            {"kind": "table", "mono": True, "rows": [["from", source], ["to", target], ["carries", shape or "?"]]},
            {"kind": "links", "items": [{"id": "delete", "text": "Delete", "keys": "Del"}]},
        ]

    def _port_rows(self, name: str, kind: Signature) -> list[list[str]]:
        shapes = self._session.report.shapes.get(self._session.definition.name, {})
        rows = []
        for side, ports in (("in", kind.inputs), ("out", kind.outputs)):
            for port in ports:
                label = "watch" if port.watch else side
                shape = shapes.get(PortRef(name, port.name), port.shape)
                rows.append([f"{name if port.name == RAIL_PORT else port.name} {label}", shape])
        return rows

    def _receive(self, message: dict[str, Any]) -> None:
        field = str(message.get("name", ""))
        what, _, names = field.partition(":")
        if what == SYMBOL:
            ask_symbol(self._session, self._ask, *names.split(":"))
            return
        if what == TIE and message.get("value") == MORE:
            self.part.param.trigger("sections")  # the field shows what is so until another is chosen
            ask_tie(self._session, self._ask, names)
            return
        edit = self._edit(field, message.get("value"))
        if edit is not None and not self._session.apply(edit):
            self.part.param.trigger("sections")  # the form shows the old value again

    def _edit(self, field: str, value: Any) -> Edit | None:
        """The edit that a changed field asks for."""
        s = self._session
        at, node = s.definition.name, s.nodes[0] if len(s.nodes) == 1 else ""
        what, _, name = field.partition(":")
        match what:
            case "title":
                return Retitle(at=at, title=str(value))
            case "name":
                return RenameDocument(name=str(value))
            case "symbol":
                symbol = next(x for x in s.definition.symbols if x.name == name)
                return SetSymbol(at=at, name=name, value=read(symbol.field, value))
            case "setting":
                return SetSetting(at=at, node=node, name=name, value=self._value(node, name, value))
            case "label":
                return SetLabel(at=at, node=node, text=str(value))
            case "rename":
                return Rename(at=at, node=node, new=str(value).strip())
            case "repeat":
                return SetRepeat(at=at, node=node, repeat=number(str(value)) or None)
            case "port":
                return _set_port(at, node, name, str(value))
        return inner_edit(s, field, value) or tie_edit(s, node, field, value) or self._layer_edit(node, field, value)

    def _layer_edit(self, node: str, field: str, value: Any) -> Edit | None:
        kind = node_signature(self._session.document, self._session.definition.nodes[node], node) if node else None
        return layer_edit(self._session, node, kind, field, value, self._wanted) if kind else None

    def _value(self, node: str, name: str, value: Any) -> Value:
        kind = node_signature(self._session.document, self._session.definition.nodes[node], node)
        field = kind.field(name) if kind else None
        return read(field, value) if field else str(value)


def _set_port(at: str, node: str, name: str, value: str) -> Edit:
    match name:
        case "kind":
            return SetPort(at=at, node=node, kind=value)
        case "shape":
            return SetPort(at=at, node=node, shape=value)
        case _:
            return SetPort(at=at, node=node, optional=value == "on")


def _missing(node: Node) -> Sections:
    text = f"No block called {node.kind!r} is installed here. It is kept as it is; install its plugin to use it."
    rows = [[name, str(value)] for name, value in node.settings.items()]
    return [
        {"kind": "title", "text": node.label or node.kind, "colour": "err"},
        {"kind": "text", "text": text},
        {"kind": "table", "mono": True, "rows": rows},
    ]


def _repeat_rows(node: Node, kind: Signature) -> Sections:
    if not kind.composite:
        return []
    row = choice("repeat", "" if node.repeat is None else str(node.repeat))
    return [{**row, "field": "repeat", "hint": "layers", "help": "How many in a row; empty is one, as it is."}]


def _name_rows(name: str, node: Node) -> Sections:
    return [
        {**choice("label", node.label), "field": "label", "help": "What the canvas calls it."},
        {**choice("id", name), "field": "rename", "help": "Part of the keys of its weights."},
    ]


_COPIES = [
    {"id": "duplicate", "text": "Duplicate", "keys": "Ctrl+D"},
    {"id": "delete", "text": "Delete", "keys": "Del"},
]
