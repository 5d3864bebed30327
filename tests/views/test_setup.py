"""The setup pane: a form of the next run, and tasks that bring their recommended settings."""

from __future__ import annotations

from typing import Any

import pytest

from builder import templates
from engine.config import RunConfig
from engine.data import TASKS
from views.session import Session
from views.setup import Setup, SetupPane, changes, choose_task


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
