"""The canvas pane: gestures become edits, documents become the few changes the browser has to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from builder.document import PortRef, Wire
from builder.edits import (
    AddNode,
    Clip,
    Connect,
    Duplicate,
    Edit,
    Move,
    Paste,
    Remove,
    Rewire,
    copy_clip,
    new_id,
)
from builder.edits.clips import corner
from builder.layout import arrange
from engine.errors import StepwiseError
from engine.ports import KINDS, kinds_fit
from views.canvas_part import Canvas
from views.fitting import joined
from views.palette import catalogue
from views.scene import Item, Scene, difference, scene, times
from views.scopes import scope_at
from views.session import Session

FITS = {source: [target for target in KINDS if kinds_fit(source, target)] for source in KINDS}


class CanvasPane:
    """Holds what the browser believes, so that only the difference to the truth is sent.

    Args:
        session: The window's state.
        on_symbol: Called with the name of a symbol that was clicked.
    """

    def __init__(self, session: Session, on_symbol: Callable[[str], None] = lambda _: None) -> None:
        self._session, self._symbol_clicked = session, on_symbol
        self._clip: Clip | None = None
        self._chosen: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # what the browser shows as selected
        self._believed = self._truth()
        self.part = Canvas(
            scene=self._believed.as_dict(),
            catalogue=catalogue(session.document),
            fits=FITS,
            crumbs=self._crumbs(),
            symbols=self._symbols(),
        )
        self.part.on(self._receive)
        session.param.watch(lambda *_: self.show(), ["revision", "contracts"])
        session.param.watch(lambda _: self._open(), ["path"])
        session.param.watch(lambda *_: self._select(), ["nodes", "wires"])

    def show(self) -> None:
        """Send what changed, and remember that the browser has it."""
        truth = self._truth()
        ops = difference(self._believed, truth)
        self._believed = truth
        self.part.send(ops)
        self._refresh_bars()

    def resend(self) -> None:
        """Send the whole picture."""
        self._believed = self._truth()
        self.part.send([{"op": "scene", "scene": self._believed.as_dict()}])

    def copy(self) -> None:
        """Remember the selected nodes."""
        nodes = self._session.nodes
        if nodes:
            self._clip = copy_clip(self._session.document, self._at, nodes)

    def cut(self) -> None:
        """Remember the selected nodes and remove them."""
        self.copy()
        self.delete()

    def paste(self, x: float | None = None, y: float | None = None) -> None:
        """Add the remembered nodes, beside the originals or at a place."""
        if self._clip is not None:
            left, top = corner(self._clip.document.main.nodes.values())
            place = (left + 32, top + 32) if x is None or y is None else (x, y)
            self._session.apply_and_select(Paste(at=self._at, clip=self._clip, x=place[0], y=place[1]))

    def duplicate(self) -> None:
        """Copy the selected nodes beside themselves."""
        if self._session.nodes:
            self._session.apply_and_select(Duplicate(at=self._at, nodes=self._session.nodes))

    def delete(self) -> None:
        """Remove what is selected."""
        nodes, wires = self._session.nodes, self._wires(list(self._session.wires))
        if nodes or wires:
            self._session.apply(Remove(at=self._at, nodes=nodes, wires=tuple(wires)))

    def arrange(self) -> None:
        """Lay the open definition out anew."""
        if self._session.apply(arrange(self._session.document, self._at)):
            self.part.send([{"op": "fit"}])

    def select_all(self) -> None:
        """Select every node of the open definition."""
        self._session.select(tuple(self._session.definition.nodes))

    def open_selected(self) -> None:
        """Open the selected composite."""
        if len(self._session.nodes) == 1:
            self._enter(self._session.nodes[0])

    def add(self, kind: str) -> None:
        """Have the browser, which knows what is in sight, find a free place for a block and add it there."""
        self.part.send([{"op": "place", "kind": kind}])

    @property
    def _at(self) -> str:
        return self._session.definition.name

    def _truth(self) -> Scene:
        s = self._session
        return scene(s.document, s.definition, s.scope, s.marked)

    def _receive(self, message: dict[str, Any]) -> None:
        handler = getattr(self, f"_on_{message['op']}", None)
        if handler is None:
            return
        try:
            handler(message)
        except StepwiseError as error:
            self._session.tell(str(error))
        except Exception:
            self.resend()  # the browser has drawn what did not happen
            raise

    def _on_hello(self, m: dict[str, Any]) -> None:
        """The browser has the canvas, or has missed a message: send what it does not know."""
        if m["seen"] != self.part.said:
            self.resend()

    def _on_add(self, m: dict[str, Any]) -> None:
        name = new_id(self._session.document, self._at, m["kind"])
        add = AddNode(at=self._at, kind=m["kind"], id=name, x=m["x"], y=m["y"])
        edit: Edit = add if not m.get("from") else joined(add, m["from"], self._session.document)
        if self._session.apply(edit):
            self._session.select((name,))

    def _on_move(self, m: dict[str, Any]) -> None:
        positions = {item["id"]: (float(item["x"]), float(item["y"])) for item in m["items"]}
        moved = {
            name: {**self._believed.nodes[name], "x": x, "y": y}
            for name, (x, y) in positions.items()
            if name in self._believed.nodes
        }
        self._believed = replace(self._believed, nodes={**self._believed.nodes, **moved})
        self._try(Move(at=self._at, positions=positions))

    def _on_connect(self, m: dict[str, Any]) -> None:
        wire = _wire(m)
        self._drawn(wire)
        self._try(Connect(at=self._at, source=wire.source, target=wire.target, replace=True))

    def _on_rewire(self, m: dict[str, Any]) -> None:
        wire = _wire(m)
        self._forget([m["old"]])
        self._drawn(wire)
        old = self._wires([m["old"]])
        if old:
            self._try(Rewire(at=self._at, old=old[0], source=wire.source, target=wire.target))
        else:
            self.show()  # it is gone: so is what the browser drew in its place

    def _on_delete(self, m: dict[str, Any]) -> None:
        nodes, edges = m["nodes"], m["edges"]
        gone = [str(w) for w in self._session.definition.wires_at(nodes)]
        self._forget([*edges, *gone], nodes)
        self._chosen = ((), ())  # the browser lets go of all
        self._try(Remove(at=self._at, nodes=tuple(nodes), wires=tuple(self._wires(edges))))

    def _on_select(self, m: dict[str, Any]) -> None:
        self._chosen = tuple(m["nodes"]), tuple(m["edges"])
        self._session.select(*self._chosen)

    def _on_open(self, m: dict[str, Any]) -> None:
        self._enter(m["node"])

    def _on_crumb(self, m: dict[str, Any]) -> None:
        self._session.open(self._session.path[: m["index"]])

    def _on_copy(self, _: dict[str, Any]) -> None:
        self.copy()

    def _on_paste(self, m: dict[str, Any]) -> None:
        self.paste(m.get("x"), m.get("y"))

    def _on_duplicate(self, _: dict[str, Any]) -> None:
        self.duplicate()

    def _on_arrange(self, _: dict[str, Any]) -> None:
        self.arrange()

    def _on_symbol(self, m: dict[str, Any]) -> None:
        self._symbol_clicked(m["name"])

    def _on_fix(self, m: dict[str, Any]) -> None:
        """Apply the first fix offered for a node or a wire."""
        for problem in self._session.findings:
            where = problem.where
            here = where.definition == self._at and m["id"] in (where.node, str(where.wire))
            if here and problem.fixes:
                self._session.apply(problem.fixes[0].edit)
                return

    def _try(self, edit: Edit) -> None:
        """Apply an edit the browser has drawn already; a refusal takes it back there."""
        if not self._session.apply(edit):
            self.show()

    def _enter(self, name: str) -> None:
        node = self._session.definition.nodes.get(name)
        if node is not None and node.kind in self._session.document.definitions:
            self._session.open((*self._session.path, name))

    def _drawn(self, wire: Wire) -> None:
        """The browser has drawn this wire, and taken away the one that ended there."""
        taken = [str(w) for w in [self._session.definition.wire_into(wire.target)] if w]
        self._forget(taken)
        edges = {**self._believed.edges, str(wire): {"id": str(wire)}}
        self._believed = replace(self._believed, edges=edges)

    def _forget(self, edges: list[str], nodes: list[str] | tuple[str, ...] = ()) -> None:
        b = self._believed
        self._believed = Scene(
            {k: v for k, v in b.nodes.items() if k not in nodes},
            {k: v for k, v in b.edges.items() if k not in edges},
        )

    def _wires(self, names: list[str]) -> list[Wire]:
        return [wire for wire in self._session.definition.wires if str(wire) in names]

    def _open(self) -> None:
        self._believed = self._truth()
        full = {"op": "scene", "scene": self._believed.as_dict()}
        self.part.send([{**full, "crumbs": self._crumbs(), "symbols": self._symbols()}])

    def _select(self) -> None:
        chosen = self._session.nodes, self._session.wires
        if chosen != self._chosen:  # else it came from there: an echo would undo what the hand did since
            self._chosen = chosen
            self.part.send([{"op": "select", "nodes": chosen[0], "edges": chosen[1]}])

    def _refresh_bars(self) -> None:
        bars = {"crumbs": self._crumbs(), "symbols": self._symbols()}
        news = {k: v for k, v in bars.items() if getattr(self.part, k) != v}
        if news:
            self.part.param.update(**news)

    def _crumbs(self) -> list[Item]:
        here, rows = self._session.document.main, [{"label": self._session.document.name, "times": ""}]
        for depth, name in enumerate(self._session.path):
            node, around = here.node(name), scope_at(self._session.document, self._session.path[:depth])
            rows.append({"label": node.label or name, "times": times(node, around)})
            here = self._session.document.definition(node.kind)
        return rows

    def _symbols(self) -> list[Item]:
        values = self._session.scope
        return [
            {"name": s.name, "value": str(values.get(s.name, "?")), "text": str(s.value)}
            for s in self._session.definition.symbols
        ]


def _wire(m: dict[str, Any]) -> Wire:
    return Wire(PortRef(m["source"], m["sourcePort"]), PortRef(m["target"], m["targetPort"]))
