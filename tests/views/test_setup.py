"""The setup pane: a form of the next run, and tasks that bring their recommended settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import templates
from builder.edits import Remove, SetTask
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import FileError
from views.session import Session
from views.setup import Setup, SetupPane, changes, choose_task, chosen_task, cure_label, settle, task_of, task_options
from views.setup_file import read_setup, write_setup


@pytest.fixture
def session() -> Session:
    return Session(templates.build("tiny"))


@pytest.fixture
def setup() -> Setup:
    return Setup(RunConfig.suited("reverse"))


def rows(pane: SetupPane) -> dict[str, dict[str, Any]]:
    """Rows of the form by field."""
    (form,) = (section for section in pane.part.sections if section["kind"] == "form")
    return {row["field"]: row for row in form["rows"]}


def say(pane: SetupPane, name: str, value: str) -> None:
    for handler in pane.part._handlers:
        handler({"name": name, "value": value})


@pytest.mark.parametrize("task", list(TASKS))
def test_a_task_brings_what_it_recommends(session: Session, setup: Setup, task: str) -> None:
    choose_task(session, setup, task)

    assert setup.config == RunConfig.suited(task)
    assert session.document.task == task


def test_what_the_user_has_chosen_outlives_a_change_of_task(session: Session, setup: Setup) -> None:
    pane = SetupPane(session, setup)
    say(pane, "config:seed", "7")

    say(pane, "task", "shakespeare")

    assert setup.config == RunConfig.suited("shakespeare", seed=7)
    assert changes(setup.config) == {"seed": 7}
    assert [name for name, row in rows(pane).items() if row.get("changed")] == ["config:seed"]


def test_sizes_grow_with_the_task_and_one_undo_takes_all_back(session: Session, setup: Setup) -> None:
    before = session.document

    choose_task(session, setup, "shakespeare")
    least = TASKS["shakespeare"].tokenizer.vocab_size
    assert int(session.scope["vocab_size"]) >= least
    session.undo()

    assert session.document == before


def test_every_setting_of_a_run_has_a_row(session: Session, setup: Setup) -> None:
    pane = SetupPane(session, setup)

    fields = {field.name for field in RunConfig.fields()} - {"task"}
    assert set(rows(pane)) == {"task", *(f"config:{name}" for name in fields)}


def test_a_value_out_of_range_is_told_and_not_taken(session: Session, setup: Setup) -> None:
    pane, before = SetupPane(session, setup), setup.config

    say(pane, "config:steps", "0")
    say(pane, "config:lr", "fast")

    assert setup.config == before
    assert session.notice is not None
    assert "lr" in session.notice.text


@pytest.mark.parametrize(("template", "task"), [("bert", "fill"), ("classifier", "brackets"), ("gpt2", "reverse")])
def test_a_document_without_a_task_is_trained_for_one_that_fits(setup: Setup, template: str, task: str) -> None:
    session = Session(templates.build(template))
    assert not session.document.task

    settle(session, setup)

    assert (task_of(session.document), setup.config.task, setup.obstacle) == (task, task, "")


def test_where_no_task_fits_none_is_named_and_the_reason_is_told(setup: Setup) -> None:
    session = Session(templates.build("vit"))  # its images are larger than those of the task

    settle(session, setup)

    assert chosen_task(setup) == ""
    assert task_options(setup)[0] == {"id": "", "label": "no task fits"}
    assert "image_size" in setup.obstacle
    pane = SetupPane(session, setup)
    assert setup.obstacle in [section.get("text") for section in pane.part.sections]
    assert rows(pane)["task"]["value"] == ""


def test_a_chosen_task_brings_the_sizes_with_which_it_fits(setup: Setup) -> None:
    session = Session(templates.build("vit"))
    settle(session, setup)

    choose_task(session, setup, "shapes")
    settle(session, setup)

    assert session.scope["image_size"] == 8
    assert (chosen_task(setup), setup.obstacle) == ("shapes", "")


@pytest.mark.parametrize(
    ("task", "label", "fits"),
    [("", "Make it fit: shapes", "shapes"), ("shapes", "Make it fit: shapes", "shapes"), ("sort", "", "shapes")],
)
def test_setup_has_the_button_that_makes_the_model_fit(setup: Setup, task: str, label: str, fits: str) -> None:
    session = Session(templates.build("vit"))
    session.apply(SetTask(task=task))
    settle(session, setup)
    pane = SetupPane(session, setup)
    (action,) = next(section for section in pane.part.sections if section["kind"] == "actions")["items"]

    for handler in pane.part._handlers:
        handler({"name": action["id"]})
    settle(session, setup)

    assert label in ("", action["text"])
    assert (chosen_task(setup), setup.obstacle, setup.cure) == (fits, "", "")
    assert not any(section["kind"] == "actions" for section in pane.part.sections)


def test_a_model_of_another_kind_is_offered_a_task_that_it_fits_as_it_is(session: Session, setup: Setup) -> None:
    session.apply(SetTask(task="shapes"))

    settle(session, setup)

    assert (setup.cure, cure_label(session, setup)) == ("reverse", "Train for reverse")


def test_what_stands_for_no_task_cannot_be_chosen(session: Session, setup: Setup) -> None:
    before = session.document

    choose_task(session, setup, "")

    assert session.document is before
    assert setup.config.task == "reverse"


def test_of_a_model_with_problems_these_are_told_first(session: Session, setup: Setup) -> None:
    session.apply(Remove(at=session.document.root, nodes=("lm_head",)))

    settle(session, setup)

    assert setup.obstacle == ""


def test_a_named_task_that_does_not_fit_stays_and_says_why(session: Session, setup: Setup) -> None:
    choose_task(session, setup, "shapes")

    settle(session, setup)

    assert chosen_task(setup) == "shapes"
    assert "'tokens'" in setup.obstacle


@given(
    task=st.sampled_from(list(TASKS)),
    chosen=st.fixed_dictionaries(
        {},
        optional={
            "lr": st.floats(0, 10),
            "steps": st.integers(1, 2**31 - 1),
            "batch_size": st.integers(1, 65536),
            "schedule": st.sampled_from(["constant", "cosine", "linear"]),
            "device": st.sampled_from(["auto", "cpu", "cuda"]),
        },
    ),
)
def test_settings_of_runs_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, task: str, chosen: dict[str, Any]
) -> None:
    path, config = tmp_path_factory.mktemp("setup") / "setup.json", RunConfig.suited(task, **chosen)

    write_setup(path, config)

    assert read_setup(path, task) == config


def test_a_choice_goes_along_to_another_task_and_what_was_recommended_does_not(tmp_path: Path) -> None:
    write_setup(tmp_path / "setup.json", RunConfig.suited("reverse", seed=7))

    assert read_setup(tmp_path / "setup.json", "shakespeare") == RunConfig.suited("shakespeare", seed=7)


def test_without_a_file_a_run_is_as_its_task_recommends(tmp_path: Path) -> None:
    assert read_setup(tmp_path / "setup.json", "sort") == RunConfig.suited("sort")


def file_of(changes: str) -> str:
    """A file with these changes."""
    return f'{{"format": "stepwise-setup/1", "changes": {changes}}}'


BROKEN = [
    "", "{", "[]", "null", "\x00", "[" * 100_000, file_of("{}").replace("/1", "/9"), '{"format": "stepwise-setup/1"}',
    file_of("[1]"), file_of('{"lr": "fast"}'), file_of('{"lr": 99}'), file_of('{"lr": NaN}'), file_of('{"lr": [1]}'),
    file_of('{"steps": true}'), file_of('{"cls": 1}'),
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "setup.json"
    path.write_text(text)

    with pytest.raises(FileError, match=r"setup\.json"):
        read_setup(path, "reverse")
