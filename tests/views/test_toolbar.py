"""The bars say what is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder import templates
from builder.edits import Remove
from engine import locations
from engine.config import RunConfig
from tests.engine.run_folders import append, loss, new_run
from views.runner import Runner
from views.session import Session
from views.setup import Setup, settle
from views.toolbar import MEND, status_bar, title_bar, toolbar, validity


@pytest.fixture
def session() -> Session:
    return Session(templates.build("tiny"))


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Runner()


def by_command(session: Session, runner: Runner) -> dict[str, dict[str, Any]]:
    """Items of the toolbar by the command they give."""
    items = toolbar(session, runner, Setup(RunConfig.suited("reverse")))
    return {item["command"]: item for item in items if "command" in item}


def test_undo_and_redo_name_what_they_would_do(session: Session, runner: Runner) -> None:
    assert by_command(session, runner)["undo"]["disabled"]

    session.apply(Remove(at=session.document.root, nodes=("ln_f",)))
    assert by_command(session, runner)["undo"]["title"] == f"Undo {session.history.undo_label.lower()}"
    session.undo()

    items = by_command(session, runner)
    assert items["undo"]["disabled"]
    assert not items["redo"]["disabled"]


def test_the_chip_counts_problems(session: Session) -> None:
    assert validity(session)["text"] == "✓ valid"

    session.apply(Remove(at=session.document.root, nodes=("ln_f",)))

    assert len(session.findings) > 1
    assert validity(session)["text"] == f"{len(session.findings)} problems"
    assert validity(session)["tone"] == "err"


@pytest.mark.parametrize(
    ("state", "text", "going"),
    [("running", "Pause", True), ("paused", "Resume", True), ("stopped", "Train", False), ("finished", "Train", False)],
)
def test_one_button_trains_pauses_and_resumes(
    session: Session, runner: Runner, state: Any, text: str, going: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.jobs._is_alive", lambda status: status.is_going)
    runner.follow(new_run(locations.runs(), state=state))

    items = by_command(session, runner)

    assert items["train"]["text"] == text
    assert items["stop"]["disabled"] is not going


def test_what_fits_no_task_cannot_be_trained_and_the_bar_says_why(runner: Runner) -> None:
    session, setup = Session(templates.build("vit")), Setup(RunConfig.suited("reverse"))
    settle(session, setup)

    items = {item.get("id") or item.get("command"): item for item in toolbar(session, runner, setup)}

    assert (items["task"]["value"], items["task"]["options"][0]["label"]) == ("", "no task fits")
    assert items["train"]["disabled"]
    assert items["step"]["disabled"]
    assert items["train"]["title"] == setup.obstacle
    assert items["obstacle"]["title"] == f"{setup.obstacle} {MEND}"


def test_a_run_that_goes_is_paused_whatever_the_graph_is_now(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.jobs._is_alive", lambda status: status.is_going)
    runner.follow(new_run(locations.runs(), state="running"))
    session, setup = Session(templates.build("vit")), Setup(RunConfig.suited("reverse"))
    settle(session, setup)

    items = {item["command"]: item for item in toolbar(session, runner, setup) if "command" in item}

    assert items["train"]["text"] == "Pause"
    assert not items["train"].get("disabled")
    assert not items["step"]["disabled"]


def test_the_status_bar_follows_the_run_and_the_open_definition(session: Session, runner: Runner) -> None:
    assert status_bar(session, runner)[0]["text"] == "no run yet"

    folder = new_run(locations.runs(), "mine", state="stopped")
    append(folder, loss(1234))
    runner.follow(folder)
    session.open(("blocks",))

    texts = [item.get("text", "") for item in status_bar(session, runner)]
    assert texts[0].startswith("mine · step 1\u2009234 /")
    assert texts[1] == f"{len(session.definition.nodes)} blocks · {len(session.definition.wires)} wires"


def test_mlflow_is_a_server_or_a_local_store(session: Session, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        return next(str(item["text"]) for item in status_bar(session, runner) if item.get("command") == "mlflow")

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert said() == "MLflow · local store"

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")

    assert said() == "MLflow · server"


def test_the_title_is_the_model_s_name(session: Session) -> None:
    assert session.document.name in [item.get("text") for item in title_bar(session)]
