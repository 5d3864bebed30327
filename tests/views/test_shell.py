"""Every command ends in the shell or in the browser, and what is chosen there happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder import store, templates
from builder.edits import Remove, SetSetting, SetSymbol
from builder.store import load
from engine import locations, plugins
from engine.channel import Command, Step
from engine.config import RunConfig
from engine.data import TASKS
from tests.engine.run_folders import new_run
from views.commands import COMMANDS
from views.dialogs import EMPTY
from views.first import blank_document, first_document
from views.session import Session
from views.setup import Setup
from views.shell import Shell
from views.workspace import Workspace

IN_THE_BROWSER = {"palette", "fit", "docks", "theme", "shortcuts"}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Shell(Session(templates.build("tiny")), Workspace(tmp_path / "user"), Setup(RunConfig.suited("reverse")))


def heard(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the window is sent from now on."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(shell.window, "tell", messages.append)
    return messages


def test_every_command_ends_in_the_shell_or_in_the_browser(shell: Shell) -> None:
    assert {command.id for command in COMMANDS} == {*shell._commands, *IN_THE_BROWSER}
    assert not IN_THE_BROWSER & set(shell._commands)


def test_commands_and_their_shortcuts_are_given_once() -> None:
    ids = [command.id for command in COMMANDS]
    keys = [command.keys for command in COMMANDS if command.keys]

    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)


def test_an_unknown_command_is_for_others(shell: Shell) -> None:
    shell.command("brew coffee")

    assert shell.session.notice is None


def test_a_broken_model_is_not_trained_and_the_reason_is_told(shell: Shell) -> None:
    shell.session.apply(Remove(at=shell.session.document.root, nodes=("ln_f",)))

    shell.command("train")
    shell.command("step")

    assert shell.runner.folder is None
    assert shell.session.notice is not None
    assert shell.session.notice.command == "problems"


def test_the_first_fix_is_applied_by_a_command(shell: Shell) -> None:
    shell.session.apply(SetSetting(at=shell.session.document.root, node="ln_f", name="d_model", value=7))
    assert not shell.session.report.ok

    shell.command("fix")

    assert shell.session.report.ok


@pytest.mark.parametrize("name", [*templates.names(), EMPTY])
def test_every_card_of_the_gallery_opens_a_model_for_its_task(shell: Shell, name: str) -> None:
    shell.new(name)

    assert shell.session.document.task == shell.setup.config.task
    assert shell.session.report.ok or name == EMPTY
    if name != EMPTY:
        assert shell.setup.config == RunConfig.suited(shell.setup.config.task)


def test_an_opened_model_brings_its_task_and_undo_brings_the_old_one_back(shell: Shell) -> None:
    document, task = first_document("classifier")
    assert task != "reverse"

    shell.session.open_document(document)
    assert shell.setup.config == RunConfig.suited(task)
    shell.session.undo()

    assert shell.setup.config == RunConfig.suited("reverse")


def test_an_edit_is_autosaved(shell: Shell) -> None:
    shell.session.apply(Remove(at=shell.session.document.root, nodes=("ln_f",)))
    shell.workspace.flush()

    assert Workspace(shell.workspace.folder).restore() == shell.session.document


def test_a_broken_autosave_is_told_once_there_is_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    shell.workspace.current.write_text("{")
    shell.workspace.restore()
    messages = heard(shell, monkeypatch)

    shell.window._handle_msg({"type": "ready", "id": "ready"})

    (notice,) = (message["notice"] for message in messages if "notice" in message)
    assert str(shell.workspace.broken) in notice["text"]
    assert tmp_path in (shell.workspace.broken or Path()).parents


def test_a_plugin_that_cannot_be_loaded_is_told_once_there_is_a_window(
    monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    broken = plugins.Plugin(group="stepwise.tasks", name="toy", package="toys 1.0", problem="ImportError: no toy")
    monkeypatch.setitem(plugins._LOADED, "stepwise.tasks", (broken,))
    messages = heard(shell, monkeypatch)

    shell.window._handle_msg({"type": "ready", "id": "ready"})

    (notice,) = (message["notice"] for message in messages if "notice" in message)
    assert "'toy' of toys 1.0 could not be loaded: ImportError: no toy" in notice["text"]


def test_settings_of_runs_outlive_a_reload_and_a_restart(shell: Shell, tmp_path: Path) -> None:
    shell.setup.config = RunConfig.suited("reverse", lr=0.5, steps=7)
    shell.workspace.flush()

    assert Workspace(tmp_path / "user").setup("reverse") == shell.setup.config


def test_broken_settings_of_runs_are_told_once_there_is_a_window(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    shell.workspace.setup_file.write_text('{"format": "stepwise-setup/1", "changes": {"lr": "fast"}}')
    shell.workspace.setup("reverse")
    messages = heard(shell, monkeypatch)

    shell.window._handle_msg({"type": "ready", "id": "ready"})

    (notice,) = (message["notice"] for message in messages if "notice" in message)
    assert "lr is 'fast'" in notice["text"]
    assert "setup.broken-" in notice["text"]


def test_a_model_that_fits_no_task_is_not_trained_and_the_reason_is_told(shell: Shell) -> None:
    shell.session.open_document(templates.build("vit"))

    for command in ("train", "step"):
        shell.command(command)

        assert shell.runner.folder is None
        assert shell.session.notice is not None
        assert shell.session.notice.text == shell.setup.obstacle


def test_the_chip_of_a_model_that_fits_no_task_leads_to_the_setup(shell: Shell) -> None:
    shell.session.open_document(templates.build("vit"))

    shell._receive({"id": "obstacle"})

    assert shell.bottom.active == ["setup"]


def test_the_dialogs_open_by_their_commands(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = heard(shell, monkeypatch)

    for name in ("new", "open", "save-as", "about"):
        shell.command(name)

    assert [message["dialog"]["id"] for message in messages] == ["new", "open", "save-as", "about"]


def test_a_graph_saved_under_a_new_name_is_saved_there_from_then_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = heard(shell, monkeypatch)
    shell.command("save-as")
    id_ = messages[-1]["dialog"]["id"]
    answer = {"type": "dialog", "id": id_, "button": "save", "values": {"name": "Second try"}}
    shell.window._handle_msg(answer)
    shell.session.apply(SetSymbol(name="d_model", value=48))

    shell.command("save")

    (saved,) = shell.workspace.saved()
    assert load(saved) == shell.session.document
    assert shell.session.document.name == "Second try"


def test_the_task_of_the_toolbar_is_the_task_of_the_model(shell: Shell) -> None:
    for handler in shell.toolbar._handlers:
        handler({"id": "task", "value": "sort"})

    assert (shell.session.document.task, shell.setup.config.task) == ("sort", "sort")


def test_first_models_are_right_and_fit_their_task() -> None:
    for name in templates.names():
        document, task = first_document(name)
        assert Session(document).report.ok
        assert not task or task in TASKS
    assert not blank_document()[0].main.nodes


@pytest.mark.parametrize(("command", "first"), [("train", []), ("step", [Step()])])
def test_a_run_that_begins_is_what_all_panes_look_at(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str, first: list[Command]
) -> None:
    obeyed: list[Command] = []
    monkeypatch.setattr("views.runner.jobs.start", lambda _, first: obeyed.extend(first))
    shell.selection.set("runs", run="an older one", step=5)
    shell.bottom.open("problems")

    shell.command(command)

    assert obeyed == first
    assert shell.runner.folder is not None
    assert (shell.selection.run, shell.selection.step) == ("", None)
    assert "train" in shell.bottom.active


@pytest.mark.parametrize(
    ("name", "reads"),
    [("log", "views.log.tail"), ("runs", "views.runs.jobs.runs"), ("attention", "views.attention.choice_of")],
)
def test_a_pane_out_of_sight_reads_nothing_and_catches_up(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, reads: str
) -> None:
    looks: list[object] = []
    shell.bottom.ready()
    shell.runner.follow(new_run(locations.runs(), "1", "finished"))
    shell.bottom.open(name)
    shell.bottom.open("problems")
    nothing: dict[str, object] = {"log": "", "runs": [], "attention": None}
    monkeypatch.setattr(reads, lambda *look: [looks.append(look), nothing[name]][1])

    shell.runner.param.trigger("folder", "status", "revision", "checkpoints")
    before = len(looks)
    shell.bottom.open(name)

    assert (before, len(looks)) == (0, 1)


def test_a_model_without_a_task_and_the_one_after_it_are_kept_and_shown_in_setup(shell: Shell) -> None:
    shell.bottom.ready()
    shell.bottom.open("setup")
    for name in ("vit", "tiny"):
        shell.session.open_document(templates.build(name))
        shell.workspace.flush()

        assert store.load(shell.workspace.current) == shell.session.document


def test_another_model_at_the_same_level_is_shown_whole(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(shell.canvas.part, "send", sent.extend)

    shell.session.open_document(templates.build("llama"))

    assert [op for op in sent if op["op"] == "scene" and "crumbs" in op]  # for which the browser fits the view


def test_menus_know_what_cannot_be_done_now(shell: Shell) -> None:
    assert shell.window.unavailable == ["export", "fix", "fresh-weights", "merge-adapters"]

    shell.session.apply(SetSetting(at=shell.session.document.root, node="ln_f", name="d_model", value=7))
    shell.session.weights = Path("weights.safetensors")

    assert shell.window.unavailable == ["export", "merge-adapters"]
