"""The train pane: before the first run it says what will be seen; then it shows that."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import templates
from engine import locations
from engine.config import RunConfig
from tests.engine.run_folders import append, loss, new_run
from views.runner import Runner
from views.session import Session
from views.setup import Setup, settle
from views.training import TrainingPane


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Runner()


def said(pane: TrainingPane) -> str:
    return " ".join(str(section.get("text", "")) for section in pane._coming.sections)


def test_before_the_first_run_one_sheet_says_what_comes_and_has_the_button(runner: Runner) -> None:
    setup = Setup(RunConfig.suited("reverse"))
    pane = TrainingPane(runner, setup)

    setup.config = RunConfig.suited("reverse", steps=77)

    assert pane.view.css_classes == ["waits"]
    assert "77 steps of 64 examples" in said(pane)
    (button,) = pane._coming.sections[-1]["items"]
    assert (button["id"], button["disabled"]) == ("train", False)


def test_what_cannot_be_trained_is_said_there_too(runner: Runner) -> None:
    setup = Setup(RunConfig.suited("reverse"))
    pane = TrainingPane(runner, setup)

    settle(Session(templates.build("vit")), setup)

    assert setup.obstacle in said(pane)
    assert pane._coming.sections[-1]["items"][0]["disabled"]


def test_the_plots_stand_there_before_and_are_seen_as_soon_as_a_run_is_followed(runner: Runner) -> None:
    pane = TrainingPane(runner, Setup(RunConfig.suited("reverse")))
    before = list(pane.view)
    folder = new_run(locations.runs(), "mine", state="stopped")
    append(folder, loss(3))

    runner.follow(folder)

    assert pane.view.css_classes == []
    assert list(pane.view) == before
    assert pane._head.items[0]["text"] == "mine"
