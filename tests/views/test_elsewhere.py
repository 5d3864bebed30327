"""Two windows of one user: the older one is told, and what is chosen in it happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builder import templates
from builder.edits import RenameDocument
from builder.store import load
from engine.config import RunConfig
from views.session import Session
from views.setup import Setup
from views.shell import Shell
from views.workspace import Workspace


class Screen:
    """Holds one window and what its browser was sent."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        workspace = Workspace(folder)
        document = workspace.restore() or templates.build("tiny")
        self.shell = Shell(Session(document), workspace, Setup(workspace.setup("reverse")))
        self.heard: list[dict[str, Any]] = []
        monkeypatch.setattr(self.shell.window, "tell", self.heard.append)

    @property
    def notices(self) -> list[dict[str, Any]]:
        """Those that are on the screen."""
        shown: dict[str, dict[str, Any]] = {}
        for message in self.heard:
            if "notice" in message:
                shown[message["notice"]["id"]] = message["notice"]
            shown.pop(message.get("dismiss", ""), None)
        return list(shown.values())

    @property
    def name(self) -> str:
        """The graph's."""
        return self.shell.session.document.name

    def rename(self, name: str) -> None:
        """An edit that is on disk, or aside, at once."""
        self.shell.session.apply(RenameDocument(name=name))
        self.shell.workspace.flush()


@pytest.fixture
def screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Screen, Screen]:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Screen(tmp_path / "user", monkeypatch), Screen(tmp_path / "user", monkeypatch)


def test_the_older_window_shows_a_notice_that_stays_and_offers_both(screens: tuple[Screen, Screen]) -> None:
    older, newer = screens
    newer.rename("theirs")

    older.shell.elsewhere.poll()
    older.shell.elsewhere.poll()
    newer.shell.elsewhere.poll()

    (notice,) = older.notices
    assert "This graph was changed in another window" in notice["text"]
    assert "There it is “theirs”, here “" in notice["text"]
    assert notice["seconds"] == 0
    assert [action["label"] for action in notice["actions"]] == ["Load the other", "Keep this one"]
    assert newer.notices == []


def test_an_edit_in_the_older_window_changes_nothing_on_disk_and_brings_the_notice_back(
    screens: tuple[Screen, Screen],
) -> None:
    older, newer = screens
    newer.rename("theirs")
    older.shell.elsewhere.poll()
    older.heard.clear()  # the notice was put away

    older.rename("mine")

    assert load(older.shell.workspace.current).name == "theirs"
    assert [load(path).name for path in older.shell.workspace.kept.iterdir()] == ["mine"]
    assert len(older.notices) == 1


def test_load_that_shows_the_other_graph_and_undo_brings_the_own_one_back(screens: tuple[Screen, Screen]) -> None:
    older, newer = screens
    newer.rename("theirs")
    newer.shell.setup.config = RunConfig.suited("reverse", seed=5)
    newer.shell.workspace.flush()
    older.rename("mine")
    older.shell.elsewhere.poll()

    older.shell.command("load-that")
    older.shell.workspace.flush()

    assert older.name == "theirs"
    assert older.shell.setup.config.seed == 5
    assert load(older.shell.workspace.current).name == "theirs"
    assert [load(path).name for path in older.shell.workspace.kept.iterdir()] == ["mine"]
    assert not older.shell.workspace.problem
    assert not newer.shell.elsewhere.poll()
    older.shell.session.undo()
    assert older.name == "mine"


def test_keep_mine_goes_on_here_and_tells_the_other_window(screens: tuple[Screen, Screen], tmp_path: Path) -> None:
    older, newer = screens
    newer.rename("theirs")
    newer.shell.session.weights = tmp_path / "theirs.safetensors"
    older.rename("mine")
    older.shell.elsewhere.poll()

    older.shell.command("keep-mine")
    older.rename("mine, later")
    newer.shell.elsewhere.poll()

    assert load(older.shell.workspace.current).name == "mine, later"
    assert older.shell.workspace.weights() is None
    assert [load(path).name for path in older.shell.workspace.kept.iterdir()] == ["theirs"]
    assert [notice["tone"] for notice in older.notices] == ["ok"]
    assert len(newer.notices) == 1


def test_without_another_window_there_is_nothing_to_choose(screens: tuple[Screen, Screen]) -> None:
    screen, _ = screens

    for command in ("load-that", "keep-mine"):
        screen.shell.command(command)

        assert screen.notices[-1]["text"] == "No other window has changed this graph."


@pytest.mark.parametrize("text", [None, "{"])
def test_where_the_other_graph_is_gone_or_broken_the_own_one_stays(
    screens: tuple[Screen, Screen], text: str | None
) -> None:
    older, newer = screens
    newer.rename("theirs")
    older.rename("mine")
    current = older.shell.workspace.current
    current.unlink() if text is None else current.write_text(text)

    older.shell.command("load-that")
    older.shell.workspace.flush()

    assert older.name == load(current).name == "mine"
    assert "cannot be read" in older.notices[-1]["text"]
