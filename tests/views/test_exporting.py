"""The export dialog, and slow work behind the window: whatever fails is told with its reason."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import templates
from builder.run import create_run
from engine import jobs
from engine.config import RunConfig
from engine.errors import RunError
from views import exporting
from views.behind import behind, run_module
from views.exporting import Exporter
from views.parts import Dialog, Message, Window
from views.runner import Runner
from views.session import Session

SMALL = {"d_model": 8, "n_heads": 1, "d_ff": 8, "n_layers": 1}


class Desk:
    """An exporter whose dialogs are kept, and whose processes are only written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[Dialog, Callable[[Message], object]]] = []
        self.commands: list[tuple[str, ...]] = []
        self.session, self.runner = Session(templates.build("tiny", **SMALL)), Runner()
        window = Window()
        monkeypatch.setattr(window, "ask", lambda dialog, answer: self.asked.append((dialog, answer)))
        monkeypatch.setattr(exporting, "run_module", self._run)
        self.exporter = Exporter(self.session, self.runner, window)

    def _run(self, *words: str) -> str:
        self.commands.append(words)
        return "model.pt2 written. It differs from the model by 0."

    def choose(self, item: str, **values: str) -> None:
        """Answer the dialog."""
        self.exporter.ask()
        self.asked[-1][1]({"button": "export", "item": item, "values": values})
        wait_for(lambda: bool(self.commands))


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that follows a run of a classifier, which may be given a mask."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    document = templates.build("tiny_bert", **SMALL)
    config = RunConfig(task="fill", steps=1, batch_size=2, eval_every=1, eval_size=2, sample_every=1)
    folder = create_run(document, config, tmp_path / "runs")
    assert jobs.run_here(folder).state == "finished"
    made = Desk(monkeypatch)
    made.runner.follow(folder)
    return made


def test_every_format_is_offered_with_a_sentence(desk: Desk) -> None:
    desk.exporter.ask()

    dialog, _ = desk.asked[0]
    assert [item["id"] for item in dialog.items] == ["mlflow", "safetensors", "onnx", "pt2", "code"]
    assert all(item["label"] and str(item["about"]).endswith(".") for item in dialog.items)
    assert [row["field"] for row in dialog.fields] == ["segments", "padding"]


def test_a_chosen_format_is_written_by_a_process_with_the_inputs_that_are_switched_on(desk: Desk) -> None:
    desk.choose("pt2", segments="off", padding="on")

    words = desk.commands[0]
    assert words[:2] == ("builder", "export")
    assert words[words.index("--format") + 1] == "pt2"
    assert words[-2:] == ("--with", "padding")
    wait_for(lambda: desk.session.notice is not None and "differs from the model by 0" in desk.session.notice.text)


def test_a_format_without_inputs_is_not_asked_for_any(desk: Desk) -> None:
    desk.choose("safetensors", padding="on")

    assert "--with" not in desk.commands[0]


def test_a_dialog_that_was_cancelled_exports_nothing(desk: Desk) -> None:
    desk.exporter.ask()
    desk.asked[0][1]({"button": "", "item": "pt2", "values": {}})

    assert not desk.commands


def test_without_a_run_there_is_nothing_to_export(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="Train a model first"):
        Desk(monkeypatch).exporter.ask()


@pytest.mark.parametrize("error", [RunError("The disk is full."), KeyError("nobody foresaw it")])
def test_any_failure_behind_the_window_is_told_with_its_reason(error: Exception) -> None:
    session = Session(templates.build("tiny"))

    def fail() -> str:
        raise error

    behind(session, fail)

    wait_for(lambda: session.notice is not None)
    assert session.notice is not None
    assert session.notice.tone == "error"
    assert str(error) in session.notice.text


def test_a_failure_after_the_work_is_told_too() -> None:
    session = Session(templates.build("tiny"))

    behind(session, lambda: "a run", then=lambda said: {}[said])

    wait_for(lambda: session.notice is not None)
    assert session.notice is not None
    assert "KeyError: 'a run'" in session.notice.text


def test_a_process_that_takes_too_long_is_ended_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(RunError, match=r"took longer than 0\.5 s and was ended"):
        run_module("sleeper", limit=0.5)


def test_the_last_words_of_a_process_that_fails_are_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing.py").write_text("import sys\nprint('first')\nsys.exit('The disk is full.')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(RunError, match="The disk is full"):
        run_module("failing")


def test_a_process_behind_the_window_is_told_where_our_packages_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telling.py").write_text("import os\nprint(os.environ['PYTHONPATH'])\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert run_module("telling").split(os.pathsep) == [str(Path(exporting.__file__).parents[1]), str(tmp_path)]
