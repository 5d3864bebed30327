"""The tree of the whole model: what it lists, and where a click goes."""

from __future__ import annotations

from typing import Any

import pytest

from builder import templates
from builder.edits import Group, SetRepeat, SetSetting
from builder.sizes import parameters_of
from views.outline import OutlinePane, outline
from views.session import Session


def rows(session: Session) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in outline(session)}


@pytest.fixture
def session() -> Session:
    return Session(templates.build("gpt2", d_model=16, n_heads=2, n_layers=3, vocab_size=20, max_len=8))


def test_every_node_of_the_model_stands_under_its_composite(session: Session) -> None:
    found = outline(session)

    ids = [row["id"] for row in found]
    assert ids[:2] == ["", "tok_emb"]
    inside = ids.index("blocks.attn")
    assert ids[inside + 1].startswith("blocks.attn.")
    assert [row["depth"] for row in found if row["id"] in ("", "blocks", "blocks.attn", "blocks.attn.core")] == [
        0,
        1,
        2,
        3,
    ]
    assert "tokens" not in ids


def test_a_row_tells_its_layers_and_parameters(session: Session) -> None:
    found = rows(session)

    assert found["blocks"]["times"] == "×3"
    own = parameters_of(session.document, ("blocks", "attn"))
    assert found["blocks.attn"]["exact"].replace("\u2009", "") == f"{own} parameters"
    assert found["blocks.attn_add"]["count"] == ""
    assert found[""]["exact"].replace("\u2009", "") == f"{parameters_of(session.document)} parameters"


def test_a_problem_marks_its_block_and_all_that_hold_it(session: Session) -> None:
    session.apply(SetSetting(node="ffn_norm", name="d_model", value=7, at="gpt_block"))

    found = rows(session)

    assert "7" in found["blocks.ffn_norm"]["error"]
    assert found["blocks"]["error"].endswith("inside")
    assert not found["ln_f"]["error"]


def test_a_click_selects_a_block_on_its_level_and_enter_opens_it(session: Session) -> None:
    pane = OutlinePane(session)

    pane.part._handle_msg({"select": "blocks.attn.core"})
    assert (session.path, session.nodes) == (("blocks", "attn"), ("core",))
    assert (pane.part.here, pane.part.chosen) == ("blocks.attn", ["blocks.attn.core"])

    pane.part._handle_msg({"open": "blocks"})
    assert session.path == ("blocks",)

    pane.part._handle_msg({"select": ""})
    assert (session.path, session.nodes) == ((), ())


@pytest.mark.parametrize("id_", ["gone", "blocks.gone", "tok_emb.inside"])
def test_a_click_on_what_is_gone_changes_nothing(session: Session, id_: str) -> None:
    OutlinePane(session).part._handle_msg({"select": id_})

    assert (session.path, session.nodes) == ((), ())


def test_the_tree_follows_edits(session: Session) -> None:
    pane = OutlinePane(session)

    session.apply(Group(nodes=("tok_emb", "pos_emb"), name="Embedding"))
    session.apply(SetRepeat(node="blocks", repeat=5))

    found = {row["id"]: row for row in pane.part.tree}
    assert {"embedding", "embedding.tok_emb"} <= found.keys()
    assert found["blocks"]["times"] == "×5"


def test_out_of_sight_the_tree_is_not_drawn_until_it_is_looked_at(session: Session) -> None:
    shown: list[bool] = []
    pane = OutlinePane(session, lambda: bool(shown))
    session.apply(SetRepeat(node="blocks", repeat=5))
    assert pane.part.tree == []

    shown.append(True)
    pane.show()

    assert {row["id"]: row["times"] for row in pane.part.tree}["blocks"] == "×5"
