"""Gestures become edits, and the browser gets only what it does not know yet."""

from __future__ import annotations

from typing import Any

import pytest

from builder import templates
from builder.document import PortRef
from views.canvas import CanvasPane
from views.session import Session


class Desk:
    """A canvas pane without a browser. Holds what would have been sent."""

    def __init__(self) -> None:
        self.session = Session(templates.build("gpt2", d_model=16, n_heads=2, n_layers=2))
        self.pane = CanvasPane(self.session)
        self.sent: list[list[dict[str, Any]]] = []
        self.pane.part.send = lambda ops: self.sent.append(list(ops))  # type: ignore[method-assign]

    def do(self, **message: Any) -> list[dict[str, Any]]:
        """Let the browser say something; returns the graph operations it is answered with."""
        self.sent.clear()
        for handler in self.pane.part._handlers:
            handler(message)
        return [op for ops in self.sent for op in ops if op["op"] != "select"]

    def first_wire(self) -> str:
        """Text of the first wire."""
        return str(self.session.definition.wires[0])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_move_that_was_drawn_is_not_sent_back(desk: Desk) -> None:
    name = next(iter(desk.session.definition.nodes))

    ops = desk.do(op="move", items=[{"id": name, "x": 8, "y": 16}])

    assert (desk.session.definition.nodes[name].x, desk.session.definition.nodes[name].y) == (8, 16)
    assert [op for op in ops if op["op"] == "node" and op["node"]["id"] == name] == []


def test_a_refused_wire_is_taken_back_and_the_reason_is_told(desk: Desk) -> None:
    wires = desk.session.definition.wires

    ops = desk.do(op="connect", source="tokens", sourcePort="value", target="head", targetPort="x")

    assert {"op": "drop_edge", "id": "tokens.value>head.x"} in ops
    assert desk.session.definition.wires == wires
    assert desk.session.notice is not None


def test_a_wire_drawn_in_place_of_one_that_is_gone_is_taken_back(desk: Desk) -> None:
    wires = desk.session.definition.wires
    port = {"source": "tokens", "sourcePort": "value", "target": "head", "targetPort": "x"}

    ops = desk.do(op="rewire", old="nothing.y>nowhere.x", **port)

    assert {"op": "drop_edge", "id": "tokens.value>head.x"} in ops
    assert desk.session.definition.wires == wires


def test_a_block_that_nobody_knows_is_refused_with_a_word(desk: Desk) -> None:
    origin = {"node": "tokens", "port": "value", "side": "source"}

    desk.do(op="add", kind="no_such_block", x=0, y=0, **{"from": origin})

    assert desk.session.notice is not None
    assert "no_such_block" in desk.session.notice.text


def test_a_deleted_wire_is_gone_after_one_undo_step(desk: Desk) -> None:
    wire, before = desk.first_wire(), desk.session.document

    desk.do(op="delete", nodes=[], edges=[wire])
    assert wire not in {str(w) for w in desk.session.definition.wires}
    desk.session.undo()

    assert desk.session.document == before


def test_a_block_pulled_out_of_a_port_comes_with_its_wire(desk: Desk) -> None:
    source = next(w.source for w in desk.session.definition.wires if w.source.node != "tokens")

    desk.do(
        op="add", kind="layer_norm", x=0, y=0, **{"from": {"node": source.node, "port": source.port, "side": "source"}}
    )

    (name,) = desk.session.nodes
    assert desk.session.definition.wire_into(PortRef(name, "x")).source == source  # type: ignore[union-attr]
    desk.session.undo()
    assert name not in desk.session.definition.nodes


def test_opening_a_composite_shows_its_inside_and_a_crumb_leads_back(desk: Desk) -> None:
    composite = next(n for n, node in desk.session.definition.nodes.items() if node.repeat is not None)

    (op,) = desk.do(op="open", node=composite)
    assert op["op"] == "scene"
    assert [crumb["label"] for crumb in op["crumbs"]][1:] == [composite]
    desk.do(op="crumb", index=0)

    assert desk.session.path == ()


def test_copies_have_ids_of_their_own_and_are_selected(desk: Desk) -> None:
    name = next(n for n, node in desk.session.definition.nodes.items() if not node.is_rail)
    desk.session.select((name,))

    desk.pane.copy()
    desk.pane.paste()

    (copied,) = desk.session.nodes
    assert copied != name
    assert desk.session.definition.nodes[copied].kind == desk.session.definition.nodes[name].kind


def test_what_the_browser_was_told_adds_up_to_the_truth(desk: Desk) -> None:
    name = next(n for n, node in desk.session.definition.nodes.items() if not node.is_rail)
    desk.do(op="delete", nodes=[name], edges=[])

    ops = [op for ops in desk.sent for op in ops]
    desk.sent.clear()
    desk.session.undo()
    back = [op for ops in desk.sent for op in ops]

    assert name not in [op["node"]["id"] for op in ops if op["op"] == "node"]
    assert name in [op["node"]["id"] for op in back if op["op"] == "node"]


def test_a_block_that_is_cut_leaves_the_browser_too(desk: Desk) -> None:
    name = next(n for n, node in desk.session.definition.nodes.items() if not node.is_rail)
    desk.session.select((name,))
    desk.sent.clear()

    desk.pane.cut()

    assert {"op": "drop_node", "id": name} in [op for ops in desk.sent for op in ops]


def test_of_a_block_that_is_drawn_only_what_differs_is_sent(desk: Desk) -> None:
    definition = desk.session.definition
    wire = next(w for w in definition.wires if not definition.nodes[w.target.node].is_rail)

    ops = desk.do(op="delete", nodes=[], edges=[str(wire)])

    (node,) = [op["node"] for op in ops if op["op"] == "node" and op["node"]["id"] == wire.target.node]
    assert node["error"]
    assert not {"x", "y", "title", "caption"} & set(node)


def test_a_browser_that_missed_a_message_gets_the_whole_scene(desk: Desk) -> None:
    desk.pane.part.said = 3

    assert desk.do(op="hello", seen=3) == []
    (op,) = desk.do(op="hello", seen=2)

    assert op["op"] == "scene"
    assert {node["id"] for node in op["scene"]["nodes"]} == set(desk.session.definition.nodes)


def test_a_gesture_that_fails_by_a_fault_of_ours_is_taken_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = desk.session.document

    def broken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("views.session.validate", broken)
    desk.do(op="move", items=[{"id": "tokens", "x": 8, "y": 16}])

    assert desk.session.document is before
    assert desk.session.notice is not None
    assert "Nothing has changed" in desk.session.notice.text
    assert [node["y"] for ops in desk.sent for op in ops if op["op"] == "node" for node in [op["node"]] if "y" in node]
