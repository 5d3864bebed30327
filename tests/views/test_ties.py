"""Ties and sizes in the inspector: seen, made, undone; renamed, hidden, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builder.document import Document
from builder.edits import AddNode, AddSymbol, Untie
from tests.benchmarks.graphs import chain
from tests.builder.small_models import small
from views.inspector import InspectorPane
from views.parts import Dialog, Message
from views.scene import scene
from views.session import Session

TOK, HEAD = "tok_emb.weight", "lm_head.weight"
HEAD_IS_TABLE = f"{HEAD} = {TOK}"


class Desk:
    """An inspector without a browser, whose dialogs are kept."""

    def __init__(self, document: Document) -> None:
        self.session = Session(document)
        self.asked: list[tuple[Dialog, Callable[[Message], object]]] = []
        self.pane = InspectorPane(self.session, ask=lambda *asked: self.asked.append(asked))

    def say(self, field: str, value: Any = None) -> None:
        """Let the browser say that a field was changed or a button pressed."""
        for handler in self.pane.part._handlers:
            handler({"name": field, "value": value})

    def row(self, field: str) -> dict[str, Any] | None:
        """A row of a form."""
        forms = (section for section in self.pane.part.sections if section["kind"] == "form")
        return next((row for form in forms for row in form["rows"] if row["field"] == field), None)

    @property
    def ties(self) -> list[str]:
        """The list of ties that the model's inspector shows."""
        tables = [s for s in self.pane.part.sections if s["kind"] == "table" and "acts" in s]
        return [text for table in tables for (text,) in table["rows"]]

    def answer(self, button: str, **values: str) -> Dialog:
        """Answer what was asked last."""
        dialog, reply = self.asked.pop()
        reply({"button": button, "item": "", "values": values})
        return dialog


def chosen(row: dict[str, Any]) -> str:
    """What a row of choices says."""
    return next(str(option["label"]) for option in row["options"] if option["id"] == row["value"])


@pytest.fixture
def desk() -> Desk:
    return Desk(small("gpt2"))


def test_a_tied_head_says_to_what_and_is_untied(desk: Desk) -> None:
    desk.session.select(("lm_head",))
    row = desk.row("tie:weight")
    assert row is not None
    assert (row["label"], chosen(row)) == ("weight", f"tied to {TOK}")

    desk.say("tie:weight", "own")

    assert desk.session.document == Untie(first=HEAD).apply(small("gpt2"))
    again = desk.row("tie:weight")
    assert again is not None
    assert [option["label"] for option in again["options"]] == ["its own", f"tied to {TOK}"]
    assert chosen(again) == "its own"


def test_the_table_says_what_is_one_with_it_and_lets_go_of_it(desk: Desk) -> None:
    desk.session.select(("tok_emb",))
    row = desk.row("tie:weight")
    assert row is not None
    assert chosen(row) == f"one with {HEAD}"

    desk.say("tie:weight", "own")

    assert desk.session.document.ties == ()


def test_a_model_made_of_single_blocks_can_be_tied() -> None:
    document = Document.empty()
    for symbol, value in (("vocab_size", 30), ("d_model", 8)):
        document = AddSymbol(name=symbol, value=value).apply(document)
    for kind in ("token_embedding", "learned_positions", "lm_head"):
        document = AddNode(kind=kind).apply(document)
    desk = Desk(document)
    desk.session.select(("lm_head",))

    desk.say("tie:weight", "token_embedding.weight")

    assert desk.session.document.ties == ((HEAD, "token_embedding.weight"),)
    assert desk.session.history.undo_label == f"Tie {HEAD} to token_embedding.weight"
    desk.session.undo()
    assert desk.session.document == document


def test_of_very_many_matrices_one_is_chosen_in_a_dialog() -> None:
    desk = Desk(chain(300))
    desk.session.select(("linear_71",))
    row = desk.row("tie:weight")
    assert row is not None
    assert [option["id"] for option in row["options"]] == ["own", "more"]

    desk.say("tie:weight", "more")
    assert not desk.session.document.ties
    desk.asked[-1][1]({"button": "", "item": "linear_4.weight", "values": {}})
    assert not desk.session.document.ties
    desk.say("tie:weight", "more")
    dialog, reply = desk.asked.pop()
    assert "linear_4.weight" in [item["id"] for item in dialog.items]
    reply({"button": "tie", "item": "linear_4.weight", "values": {}})

    assert desk.session.document.ties == (("linear_71.weight", "linear_4.weight"),)


def test_the_model_lists_all_ties_and_undoes_each(desk: Desk) -> None:
    desk.session.open(("blocks", "attn"))
    assert desk.ties == []
    desk.session.select(("q_proj",))
    row = desk.row("tie:weight")
    assert row is not None
    assert {option["label"] for option in row["options"]} >= {"its own", "tied to k_proj.weight"}
    desk.say("tie:weight", "blocks.*.attn.k_proj.weight")
    desk.session.open(())
    assert desk.ties == [HEAD_IS_TABLE, "blocks.*.attn.q_proj.weight = blocks.*.attn.k_proj.weight"]

    desk.say("untie:blocks.*.attn.q_proj.weight")
    assert desk.ties == [HEAD_IS_TABLE]
    desk.say(f"untie:{HEAD}")

    assert desk.session.document == Untie(first=HEAD).apply(small("gpt2"))


def test_layers_that_differ_are_told_and_choosing_that_changes_nothing(desk: Desk) -> None:
    desk.session.open(("blocks", "attn"))
    desk.session.select(("q_proj",))
    desk.say("tie:weight", "blocks.*.attn.k_proj.weight")
    document = desk.session.document
    desk.session.apply(Untie(first="blocks.0.attn.q_proj.weight"))
    row = desk.row("tie:weight")
    assert row is not None
    assert chosen(row) == "differs from layer to layer"

    desk.say("tie:weight", "now")
    desk.say("tie:weight", "blocks.*.attn.k_proj.weight")

    assert set(desk.session.document.ties) == set(document.ties)


def test_a_block_without_a_matrix_that_fits_another_has_no_such_row(desk: Desk) -> None:
    for name in ("ln_f", "pos_emb", "tokens", "blocks"):
        desk.session.select((name,))
        assert desk.row("tie:weight") is None


def test_tied_blocks_say_so_on_the_canvas(desk: Desk) -> None:
    session = desk.session

    drawn = scene(session.document, session.definition, session.scope, session.report)

    captions = {name: item["caption"] for name, item in drawn.nodes.items()}

    assert {name for name, text in captions.items() if text.endswith(" · tied")} == {"lm_head", "tok_emb"}


# Sizes


def test_a_size_is_renamed_where_it_stands_and_where_it_is_used(desk: Desk) -> None:
    row = desk.row("symbol:d_ff")
    assert row is not None
    desk.say(row["act"]["id"])
    dialog = desk.answer("rename", name=" d_inner ")

    assert "blocks.d_ff" in dialog.text
    assert "d_inner" in [symbol.name for symbol in desk.session.definition.symbols]
    assert desk.session.definition.nodes["blocks"].settings["d_ff"] == "d_inner"


@pytest.mark.parametrize(
    ("name", "reason"), [("d_model", "already"), ("2 much", "begin with a letter"), ("", "is no id")]
)
def test_a_name_that_cannot_be_is_refused_and_told(desk: Desk, name: str, reason: str) -> None:
    desk.say("size:model:d_ff")
    desk.answer("rename", name=name)

    assert desk.session.document == small("gpt2")
    assert desk.session.notice is not None
    assert reason in desk.session.notice.text


def test_a_size_that_is_used_is_hidden_and_one_that_is_not_removed(desk: Desk) -> None:
    desk.say("size:model:d_ff")
    used = desk.answer("hide")
    desk.session.apply(AddSymbol(name="spare", value=3))
    desk.say("size:model:spare")
    spare = desk.answer("remove")

    assert [button["id"] for button in used.buttons] == ["hide", "rename"]
    assert [button["id"] for button in spare.buttons] == ["remove", "rename"]
    assert {"d_ff", "spare"}.isdisjoint(symbol.name for symbol in desk.session.definition.symbols)
    assert desk.session.definition.nodes["blocks"].settings["d_ff"] == 20


def test_a_size_that_came_into_use_meanwhile_is_not_removed_and_that_is_told(desk: Desk) -> None:
    desk.session.apply(AddSymbol(name="spare", value=3))
    desk.say("size:model:spare")
    desk.session.apply(AddNode(kind="linear", id="new", settings={"d_in": "spare"}))
    desk.answer("remove")

    assert desk.session.notice is not None
    assert "spare is used by d_in of Linear" in desk.session.notice.text


def test_a_dialog_that_is_closed_changes_nothing(desk: Desk) -> None:
    desk.say("size:model:d_ff")
    desk.answer("", name="other")

    assert desk.session.document == small("gpt2")


def test_a_size_of_a_composite_is_renamed_in_its_uses(desk: Desk) -> None:
    desk.session.open(("blocks",))
    desk.say("size:gpt_block:d_ff")
    desk.answer("rename", name="d_inner")

    assert desk.session.document.main.nodes["blocks"].settings["d_inner"] == "d_ff"
