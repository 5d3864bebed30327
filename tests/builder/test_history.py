"""Undo and redo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.document import Document
from builder.edits import AddNode, Edit, Move, Remove, Replace, SetSetting, SetSymbol
from builder.history import History, Origin
from engine.errors import EditError
from tests.builder.small_documents import tiny


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(clock: Clock) -> History:
    return History(tiny(), clock=clock)


def test_undo_and_redo_walk_through_the_documents(history: History) -> None:
    documents = [history.document, *(history.apply(AddNode(kind="linear")) for _ in range(3))]

    back = [history.undo() for _ in range(3)]
    forth = [history.redo() for _ in range(3)]

    assert back == documents[2::-1]
    assert forth == documents[1:]


def test_the_menus_say_what_would_be_undone_and_redone(history: History) -> None:
    assert (history.undo_label, history.redo_label) == ("", "")

    history.apply(AddNode(kind="linear"))
    history.apply(Remove(nodes=("linear",)))
    history.undo()

    assert (history.undo_label, history.redo_label) == ("Add Linear", "Remove linear")
    assert history.labels == ["Add Linear"]


def test_a_new_edit_drops_what_could_be_redone(history: History) -> None:
    history.apply(AddNode(kind="linear"))
    history.undo()

    history.apply(AddNode(kind="dropout"))

    assert history.redo_label == ""


def test_a_refused_edit_is_no_step(history: History) -> None:
    with pytest.raises(EditError):
        history.apply(Remove(nodes=("ghost",)))

    assert (history.document, history.undo_label) == (tiny(), "")


def test_an_edit_that_changes_nothing_is_no_step(history: History) -> None:
    history.apply(SetSymbol(name="d_model", value=16))

    assert history.undo_label == ""


def test_undo_without_a_step_changes_nothing(history: History) -> None:
    assert history.undo() == history.redo() == tiny()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SetSymbol(name="d_model", value=1), SetSymbol(name="d_model", value=12)),
        (Move(positions={"head": (1, 1)}), Move(positions={"head": (2, 2)})),
        (
            SetSetting(node="embed", name="d_model", value=1),
            SetSetting(node="embed", name="d_model", value=12),
        ),
    ],
)
def test_quick_changes_of_one_thing_are_one_step(history: History, clock: Clock, first: Edit, second: Edit) -> None:
    history.apply(first)
    clock.now += 0.3
    history.apply(second)

    assert len(history.labels) == 1
    assert history.undo() == tiny()


@pytest.mark.parametrize(
    ("wait", "second"),
    [
        (5.0, Move(positions={"head": (2, 2)})),
        (0.1, Move(positions={"embed": (2, 2)})),
        (0.1, Move(positions={"head": (2, 2), "embed": (0, 0)})),
    ],
)
def test_other_changes_are_steps_of_their_own(history: History, clock: Clock, wait: float, second: Edit) -> None:
    history.apply(Move(positions={"head": (1, 1)}))
    clock.now += wait
    history.apply(second)

    assert len(history.labels) == 2


def test_changes_that_cancel_out_leave_no_step(history: History) -> None:
    history.apply(SetSymbol(name="d_model", value=12))
    history.apply(SetSymbol(name="d_model", value=16))

    assert history.undo_label == ""


def test_an_undone_change_is_not_joined_with_the_next(history: History) -> None:
    history.apply(SetSymbol(name="d_model", value=12))
    history.apply(SetSymbol(name="n_layers", value=3))
    history.undo()
    history.apply(SetSymbol(name="d_model", value=13))

    assert history.labels == ["Set d_model", "Set d_model"]


def test_opening_another_document_can_be_undone(history: History) -> None:
    history.apply(Replace(document=Document.empty("new")))

    assert history.undo() == tiny()


TRAINED = Origin(weights=Path("trained.safetensors"), file=Path("models/mine.json"), name="mine")
FRESH = Origin()


def opened(history: History, name: str, origin: Origin) -> None:
    """Put another document in place of the present one."""
    edit = Replace(document=Document.empty(name))
    history.add(edit, edit.apply(history.document), origin)


def test_where_a_document_came_from_comes_back_with_it(history: History) -> None:
    opened(history, "first", TRAINED)
    opened(history, "second", FRESH)

    seen = [history.origin]
    for turn in (history.undo, history.undo, history.redo, history.redo):
        turn()
        seen.append(history.origin)

    assert seen == [FRESH, TRAINED, FRESH, TRAINED, FRESH]


def test_edits_leave_the_origin_as_it_is_in_both_directions(history: History) -> None:
    opened(history, "first", TRAINED)
    history.apply(AddNode(kind="linear"))
    history.origin = replace(history.origin, weights=None)  # as when the user wants fresh weights

    history.undo()
    forgotten = history.origin
    history.redo()

    assert forgotten == history.origin == replace(TRAINED, weights=None)


def test_what_was_set_since_it_was_opened_comes_back_too(history: History) -> None:
    opened(history, "first", TRAINED)
    saved = replace(TRAINED, file=Path("models/first.json"), name="first")
    history.origin = saved
    opened(history, "second", FRESH)

    history.undo()

    assert history.origin == saved


def test_the_same_document_with_other_weights_is_a_step(history: History) -> None:
    opened(history, "first", FRESH)
    opened(history, "first", TRAINED)
    assert (len(history.labels), history.origin) == (2, TRAINED)

    history.undo()

    assert (history.document.name, history.origin) == ("first", FRESH)
