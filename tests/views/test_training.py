"""The train pane: before the first run it says what will be seen; then it shows that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from builder import compile_document, templates
from builder.edits import Move, SetSymbol
from builder.run import write_run
from engine import locations
from engine.config import RunConfig
from engine.metrics import expert_use
from tests.engine.run_folders import append, loss, new_run
from views.groups import groups
from views.likeness import CHANGED, OTHER, Likeness
from views.runner import Runner
from views.session import Session
from views.setup import Setup, settle
from views.training import TrainingPane


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Runner()


def shown(runner: Runner, setup: Setup, session: Session | None = None) -> TrainingPane:
    """A pane beside a canvas."""
    return TrainingPane(runner, setup, Likeness(session or Session(templates.build("tiny"))))


def said(pane: TrainingPane) -> str:
    return " ".join(str(section.get("text", "")) for section in pane._coming.sections)


def test_before_the_first_run_one_sheet_says_what_comes_and_has_the_button(runner: Runner) -> None:
    setup = Setup(RunConfig.suited("reverse"))
    pane = shown(runner, setup)

    setup.config = RunConfig.suited("reverse", steps=77)

    assert pane.view.css_classes == ["waits"]
    assert "77 steps of 64 examples" in said(pane)
    (button,) = pane._coming.sections[-1]["items"]
    assert (button["id"], button["disabled"]) == ("train", False)


def test_what_cannot_be_trained_is_said_there_too(runner: Runner) -> None:
    setup = Setup(RunConfig.suited("reverse"))
    pane = shown(runner, setup)

    settle(Session(templates.build("vit")), setup)

    assert setup.obstacle in said(pane)
    assert pane._coming.sections[-1]["items"][0]["disabled"]


def test_the_plots_stand_there_before_and_are_seen_as_soon_as_a_run_is_followed(runner: Runner) -> None:
    pane = shown(runner, Setup(RunConfig.suited("reverse")))
    before = list(pane.view)
    folder = new_run(locations.runs(), "mine", state="stopped")
    append(folder, loss(3))

    runner.follow(folder)

    assert pane.view.css_classes == []
    assert list(pane.view) == before
    assert pane._head.items[0]["text"] == "mine"


def second(pane: TrainingPane) -> dict[str, Any]:
    """The choice of what the second plot shows."""
    return next(item for item in pane._tools.items if item.get("id") == "metric")


def test_how_busy_experts_are_is_drawn_of_runs_that_have_experts_and_of_no_others(runner: Runner) -> None:
    pane = shown(runner, Setup(RunConfig.suited("reverse")))
    mixed, plain = (new_run(locations.runs(), name, state="stopped") for name in ("mixed", "plain"))
    append(mixed, {**loss(3), "aux_loss": 0.5, "expert_use/router/0": 0.25, "expert_use/router/1": 0.75})
    append(plain, loss(3))
    runner.follow(mixed)

    pane._receive({"id": "metric", "value": "Expert use"})

    assert second(pane)["options"][-2:] == ["Balance loss", "Expert use"]
    assert [line.data_source.data["y"].tolist() for line in pane._other.figure.renderers] == [[0.25], [0.75]]
    runner.follow(plain)
    assert (second(pane)["value"], "Expert use" in second(pane)["options"]) == ("Accuracy", False)
    runner.follow(mixed)
    assert second(pane)["value"] == "Expert use"


def test_the_metrics_of_a_real_mixture_are_what_the_plot_asks_for() -> None:
    model = compile_document(templates.build("tiny_moe"))
    model(tokens=torch.zeros(2, 8, dtype=torch.int64))

    found = groups(["aux_loss", *expert_use(model)])

    assert {metric.name for metric in found["Expert use"].metrics} == set(expert_use(model)) != set()


def test_a_run_says_when_it_is_not_of_the_model_on_the_canvas(runner: Runner) -> None:
    session = Session(templates.build("tiny"))
    likeness = Likeness(session)
    folder = locations.runs() / "mine"
    folder.mkdir(parents=True)
    write_run(session.document, RunConfig.suited("reverse"), folder, "mine")
    runner.follow(folder)
    pane = TrainingPane(runner, Setup(RunConfig.suited("reverse")), likeness)

    def said() -> list[str]:
        likeness.poll()
        return [item["text"] for item in pane._head.items if item["kind"] == "chip"]

    assert said() == []
    session.apply(Move(positions={"ln_f": (5.0, 5.0)}))
    assert said() == []
    session.apply(SetSymbol(name="n_heads", value=1))
    assert said() == [CHANGED]
    session.undo()
    assert said() == []
    session.open_document(templates.build("bert"))
    assert said() == [OTHER]
