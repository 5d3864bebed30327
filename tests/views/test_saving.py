"""File → Save: each model in a file of its own, and no other one replaced without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import store, templates
from builder.edits import RenameDocument, SetSymbol
from builder.store import load
from tests.views.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path / "user", monkeypatch)


def widened(desk: Desk, width: int) -> None:
    """Change the model, so that it can be told from others of its name."""
    assert desk.session.apply(SetSymbol(name="d_model", value=width))


def width_of(path: Path) -> object:
    """What `d_model` is in a file."""
    return next(symbol.value for symbol in load(path).main.symbols if symbol.name == "d_model")


def width_in(desk: Desk, name: str) -> object:
    """What `d_model` is in a saved model."""
    return width_of(desk.workspace.path_of(name))


@pytest.mark.parametrize(
    ("one", "other"), [("模型一", "模型二"), ("Модель 1", "Модель 2"), ("C++", "C#"), ("2 layers", "3 layers")]
)
def test_two_names_in_any_script_are_two_files(desk: Desk, one: str, other: str) -> None:
    desk.save_as(one)
    widened(desk, 48)
    desk.save_as(other)

    assert desk.question == ""
    assert (width_in(desk, one), width_in(desk, other)) == (64, 48)


@pytest.mark.parametrize("name", ["模型一", "Tiny GPT"])
def test_a_model_that_is_being_worked_on_is_saved_again_without_a_question(desk: Desk, name: str) -> None:
    desk.save_as(name)
    widened(desk, 48)
    desk.save()

    assert desk.question == ""
    assert width_in(desk, name) == 48
    assert len(desk.saved) == 1


def test_a_new_model_of_the_same_name_replaces_the_saved_one_only_when_told_to(desk: Desk) -> None:
    widened(desk, 48)
    desk.save()
    name = desk.session.document.name
    desk.new("tiny")

    desk.save()
    kept = width_in(desk, name)
    asked = desk.question
    desk.answer("replace")

    assert (kept, width_in(desk, name)) == (48, 64)
    assert asked.startswith("Replace")
    desk.save()
    assert desk.question == ""  # it is the one that is worked on now


def test_a_file_of_the_same_name_replaces_the_saved_one_only_when_told_to(desk: Desk, tmp_path: Path) -> None:
    widened(desk, 48)
    desk.save()
    text = store.dumps(templates.build("tiny"))
    (tmp_path / "graph.json").write_text(text)

    desk.open("upload", file={"name": "graph.json", "text": text})
    desk.save()
    first = desk.asked.pop()[0].title
    desk.open(values={"path": str(tmp_path / "graph.json")})
    desk.save()

    assert first.startswith("Replace")
    assert desk.question.startswith("Replace")
    assert width_in(desk, desk.session.document.name) == 48


def test_undo_of_a_new_model_gives_the_file_back(desk: Desk) -> None:
    desk.save()
    desk.new("classifier")
    desk.session.undo()
    widened(desk, 48)

    desk.save()

    assert desk.question == ""
    assert width_in(desk, desk.session.document.name) == 48


def test_redo_of_a_new_model_takes_the_file_away_again(desk: Desk) -> None:
    widened(desk, 48)
    desk.save()
    desk.new("tiny")
    desk.session.undo()
    desk.session.redo()

    desk.save()

    assert desk.question.startswith("Replace")


def test_a_saved_model_goes_back_to_the_file_that_it_was_opened_from(desk: Desk) -> None:
    old = desk.workspace.models / "node.json"  # what earlier versions called this one
    store.save(RenameDocument(name="模型一").apply(templates.build("tiny")), old)

    desk.open(item="node")
    widened(desk, 48)
    desk.save()

    assert desk.saved == {"node"}
    assert width_of(old) == 48


def test_another_name_that_reads_alike_is_asked_about(desk: Desk) -> None:
    desk.save_as("Tiny GPT")
    widened(desk, 48)

    desk.save_as("tiny-gpt")

    assert desk.question == "Replace tiny_gpt?"
    assert width_in(desk, "Tiny GPT") == 64
    assert desk.session.document.name == "Tiny GPT"


def test_a_renamed_model_is_saved_beside_the_one_it_was(desk: Desk) -> None:
    desk.save_as("first")
    desk.session.apply(RenameDocument(name="second"))

    desk.save()

    assert desk.question == ""
    assert desk.saved == {"first", "second"}
