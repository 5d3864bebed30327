"""One door for changes; what is open and selected survives them where it can."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import templates
from builder.edits import Duplicate, Edit, Move, Remove, RenameDocument, SetSymbol
from views.session import Session


@pytest.fixture
def session() -> Session:
    return Session(templates.build("tiny"))


def test_an_edit_is_one_undo_step_and_panes_hear_of_it_once(session: Session) -> None:
    heard: list[int] = []
    session.param.watch(lambda event: heard.append(event.new), ["revision"])
    before = session.document

    assert session.apply(RenameDocument(name="mine"))
    session.undo()
    session.redo()

    assert heard == [1, 2, 3]
    assert session.document.name == "mine"
    assert before.name != "mine"


def test_a_refused_edit_changes_nothing_but_the_notice(session: Session) -> None:
    before = session.document

    assert not session.apply(Remove(at="", nodes=("nobody",)))

    assert session.document is before
    assert session.revision == 0
    assert session.notice is not None
    assert "nobody" in session.notice.text


def test_the_same_notice_is_told_again(session: Session) -> None:
    heard: list[object] = []
    session.param.watch(heard.append, ["notice"], onlychanged=False)

    session.tell("No.")
    session.tell("No.")

    assert len(heard) == 2


def test_undo_at_the_start_does_nothing(session: Session) -> None:
    session.undo()
    session.redo()

    assert session.revision == 0


def test_the_report_follows_every_edit(session: Session) -> None:
    assert session.report.ok

    session.apply(Remove(at=session.document.root, nodes=("ln_f",)))
    assert not session.report.ok
    session.undo()

    assert session.report.ok


def test_what_is_selected_stays_selected_unless_it_is_gone(session: Session) -> None:
    session.select(("ln_f", "lm_head"))

    session.apply(Remove(at=session.document.root, nodes=("ln_f",)))

    assert session.nodes == ("lm_head",)


def test_an_open_composite_that_is_removed_is_left(session: Session) -> None:
    session.open(("blocks", "attn"))
    assert "blocks" not in session.definition.nodes

    session.apply(Remove(at=session.document.root, nodes=("blocks",)))

    assert session.path == ()
    assert session.definition.name == session.document.root


def test_opening_a_level_drops_the_selection(session: Session) -> None:
    session.select(("blocks",))

    session.open(("blocks",))

    assert (session.nodes, session.wires) == ((), ())


def test_sizes_reach_the_inside_of_a_composite(session: Session) -> None:
    session.apply(SetSymbol(at=session.document.root, name="d_model", value=48))

    session.open(("blocks",))

    assert session.scope["d_model"] == 48


def test_another_document_is_one_undo_away(session: Session) -> None:
    before = session.document
    session.apply(Move(at=session.document.root, positions={"ln_f": (4, 8)}))
    moved = session.document

    session.open_document(templates.build("classifier"))
    session.undo()

    assert session.document == moved != before


WEIGHTS = Path("trained.safetensors")


def test_undo_brings_a_document_back_with_its_weights(session: Session) -> None:
    session.open_document(templates.build("gpt2", n_layers=1), WEIGHTS)
    session.apply(RenameDocument(name="mine"))

    session.open_document(templates.build("classifier"))
    fresh = session.weights
    session.undo()
    back = session.document.name, session.weights
    session.redo()

    assert back == ("mine", WEIGHTS)
    assert fresh is session.weights is None


def test_weights_that_are_forgotten_stay_so_when_an_edit_is_undone(session: Session) -> None:
    session.open_document(templates.build("gpt2", n_layers=1), WEIGHTS)
    session.apply(RenameDocument(name="mine"))

    session.forget_weights()
    session.undo()

    assert session.weights is None


def test_weights_that_were_restored_are_there_after_a_look_at_another_document(session: Session) -> None:
    session.weights = WEIGHTS  # as when the page is loaded anew

    session.open_document(templates.build("classifier"))
    session.undo()

    assert session.weights == WEIGHTS


def test_a_document_that_is_refused_leaves_all_as_it_was(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.weights = WEIGHTS
    session.open(("blocks",))
    session.select(("attn",))

    def fail(_: Edit, __: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("builder.edits.Replace.apply", fail)
    accepted = session.open_document(templates.build("classifier"))

    assert not accepted
    assert (session.weights, session.path, session.nodes) == (WEIGHTS, ("blocks",), ("attn",))


def test_another_document_shows_its_outermost_level_at_once(session: Session) -> None:
    session.open(("blocks",))
    session.select(("attn",))
    seen: list[tuple[str, ...]] = []
    session.param.watch(lambda _: seen.append(session.path), ["revision"])

    session.open_document(templates.build("gpt2", n_layers=1))

    assert (seen, session.nodes) == ([()], ())


def test_what_an_edit_adds_is_selected_and_nothing_changes_where_it_adds_nothing(session: Session) -> None:
    session.select(("ln_f",))

    assert session.apply_and_select(Duplicate(at=session.document.root, nodes=("ln_f",)))
    assert session.nodes == ("ln_f_2",)
    assert session.apply_and_select(Move(at=session.document.root, positions={"ln_f": (0.0, 0.0)}))
    assert session.nodes == ("ln_f_2",)
