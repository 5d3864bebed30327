"""Work on disk: written soon, read again, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import templates
from builder.edits import RenameDocument
from builder.store import load, save
from engine.errors import StepwiseError
from views.workspace import Workspace, folder_of

TINY = templates.build("tiny")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "user")


def test_there_is_nothing_at_the_first_start(workspace: Workspace) -> None:
    assert workspace.restore() is None
    assert workspace.saved() == []
    assert workspace.broken is None


def test_what_was_autosaved_is_restored(workspace: Workspace) -> None:
    workspace.autosave(TINY)
    workspace.flush()

    assert Workspace(workspace.folder).restore() == TINY


def test_of_several_edits_the_last_is_kept(workspace: Workspace) -> None:
    for name in "abc":
        workspace.autosave(RenameDocument(name=name).apply(TINY))
    workspace.flush()

    assert load(workspace.current).name == "c"


def test_nothing_is_written_where_nothing_changed(workspace: Workspace) -> None:
    workspace.flush()

    assert not workspace.current.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "stepwise 1"}', "\x00\x01"])
def test_a_broken_file_is_kept_beside(workspace: Workspace, text: str) -> None:
    workspace.current.write_text(text)

    assert workspace.restore() is None

    assert workspace.broken is not None
    assert workspace.broken.read_text() == text
    assert not workspace.current.exists()


def test_graphs_are_saved_by_name_and_listed_newest_first(workspace: Workspace) -> None:
    import os

    first, second = workspace.path_of("First one"), workspace.path_of("zweites")
    for path in (first, second):
        save(TINY, path)
    os.utime(first, (1, 1))

    assert [path.stem for path in workspace.saved()] == [second.stem, first.stem]
    assert load(first) == TINY


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "..\\x", "<img src=x>", "C:evil", "/模型", "模\0型", "模" * 200]
)
def test_no_name_leads_out_of_the_folder(workspace: Workspace, name: str) -> None:
    path = workspace.path_of(name)
    save(TINY, path)

    assert path.parent == workspace.models
    assert workspace.saved() == [path]


@pytest.mark.parametrize("name", ["", "  ", "../..", "…"])
def test_a_name_without_letters_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(StepwiseError, match="cannot be the name of a file"):
        workspace.path_of(name)


def test_what_the_disk_refuses_is_told_and_written_later(workspace: Workspace) -> None:
    workspace.current.mkdir()  # a folder in the way
    workspace.autosave(TINY)
    workspace.flush()
    assert workspace.problem

    workspace.current.rmdir()
    workspace.flush()

    assert not workspace.problem
    assert load(workspace.current) == TINY


def test_users_whose_names_are_alike_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))

    folders = {folder_of(user) for user in ("j.doe", "j_doe", "J Doe", "../j_doe", "模型", "模板", "local")}

    assert len(folders) == 7
    assert {folder.parent for folder in folders} == {tmp_path / "workspaces"}
    assert folder_of("local").name == "local"
