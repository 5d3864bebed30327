"""Problems are listed with their place and their fixes."""

from __future__ import annotations

import pytest

from builder import templates
from builder.edits import Remove, SetSetting
from views.places import path_to
from views.problems import NOTHING, ProblemsPane, show
from views.session import Session


@pytest.fixture
def session() -> Session:
    return Session(templates.build("tiny"))


def say(pane: ProblemsPane, **message: object) -> None:
    for handler in pane.part._handlers:
        handler(message)


def test_a_right_model_has_no_problems(session: Session) -> None:
    pane = ProblemsPane(session)

    assert pane.part.sections == [{"kind": "empty", "id": "none", "text": NOTHING}]


def test_a_problem_is_listed_while_it_lasts(session: Session) -> None:
    pane = ProblemsPane(session)

    session.apply(Remove(at=session.document.root, nodes=("ln_f",)))
    rows = pane.part.sections[0]["rows"]
    assert [row["tone"] for row in rows].count("err") == sum(p.severity == "error" for p in session.report.diagnostics)
    assert all(row["code"] and row["text"] for row in rows)
    session.undo()

    assert pane.part.sections[0]["kind"] == "empty"


def test_a_fix_is_applied_by_its_button(session: Session) -> None:
    pane = ProblemsPane(session)
    session.apply(SetSetting(at=session.document.root, node="ln_f", name="d_model", value=7))
    assert not session.report.ok
    rows = pane.part.sections[0]["rows"]
    row = next(row for row in rows if row["fixes"])

    say(pane, row=row["id"], fix=0)

    assert session.report.ok


def test_a_row_that_is_gone_meanwhile_is_passed_over(session: Session) -> None:
    pane = ProblemsPane(session)

    say(pane, row="R001 · model/ln_f.x", fix=0)

    assert session.revision == 0


def test_a_click_that_crosses_an_edit_mends_what_was_clicked(session: Session) -> None:
    pane = ProblemsPane(session)
    session.apply(SetSetting(node="ln_f", name="d_model", value=7))
    session.apply(SetSetting(node="lm_head", name="vocab_size", value=5))
    clicked = pane.part.sections[0]["rows"][-1]
    assert clicked["where"] == "Language-model head → logits"
    session.apply(SetSetting(node="ln_f", name="d_model", value="d_model"))
    before = session.report.diagnostics

    say(pane, row=clicked["id"], fix=0)

    assert clicked["where"] in [session.places.place(problem.where) for problem in before]
    assert session.report.ok


def test_a_fix_that_says_something_else_meanwhile_is_not_applied(session: Session) -> None:
    pane = ProblemsPane(session)
    session.apply(SetSetting(node="ln_f", name="d_model", value=7))
    clicked = next(row for row in pane.part.sections[0]["rows"] if "Set d_model of GPT block to 7" in row["fixes"])
    session.apply(SetSetting(node="ln_f", name="d_model", value=9))
    before = session.document

    say(pane, row=clicked["id"], fix=1)

    assert session.document == before


def test_showing_a_problem_opens_its_definition_and_selects_its_place(session: Session) -> None:
    session.open(("blocks",))
    inner = session.definition.name
    node = next(name for name, node in session.definition.nodes.items() if "d_model" in node.settings)
    session.apply(SetSetting(at=inner, node=node, name="d_model", value=7))
    session.open(())
    problem = next(p for p in session.report.diagnostics if p.where.definition == inner)

    show(session, problem)

    assert session.path == ("blocks",)
    assert session.nodes or session.wires


def test_the_way_to_a_definition_is_the_shortest(session: Session) -> None:
    inner = session.document.definition_at(("blocks", "attn")).name

    assert path_to(session.document, inner) == ("blocks", "attn")
    assert path_to(session.document, session.document.root) == ()
    assert path_to(session.document, "nowhere") is None
