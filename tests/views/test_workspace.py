"""Work on disk: written soon, read again, and never lost."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import templates
from builder.document import Document
from builder.edits import RenameDocument
from builder.store import load, save
from engine.config import RunConfig
from engine.errors import StepwiseError
from views.workspace import Workspace, folder_of

TINY = templates.build("tiny")


def named(name: str) -> Document:
    """A graph that is told from others by its name."""
    return RenameDocument(name=name).apply(TINY)


def save_now(workspace: Workspace, document: Document) -> None:
    """An edit, and the quarter of a second after it."""
    workspace.autosave(document)
    workspace.flush()


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


def test_a_window_writes_nothing_over_what_it_has_not_seen(workspace: Workspace) -> None:
    other = Workspace(workspace.folder)
    save_now(other, named("theirs"))

    save_now(workspace, named("mine"))

    assert load(workspace.current).name == "theirs"
    assert workspace.behind
    assert "another window" in workspace.problem
    assert [load(path).name for path in workspace.kept.iterdir()] == ["mine"]


def test_that_another_window_has_written_is_news_once(workspace: Workspace) -> None:
    save_now(workspace, named("mine"))
    other = Workspace(workspace.folder)
    other.restore()
    assert not workspace.look()

    save_now(other, named("theirs"))

    assert [workspace.look(), workspace.look(), other.look()] == [True, False, False]


def test_the_same_content_from_another_window_is_no_news(workspace: Workspace) -> None:
    save_now(workspace, named("mine"))
    other = Workspace(workspace.folder)
    other.restore()

    save_now(other, named("mine"))

    assert not workspace.look()


def test_who_gives_way_finds_the_other_graph_and_keeps_its_own_as_a_file(workspace: Workspace) -> None:
    save_now(Workspace(workspace.folder), named("theirs"))
    save_now(workspace, named("mine"))
    workspace.autosave(named("mine, later"))  # not written yet

    path = workspace.give_way(named("mine, later"))
    found = workspace.restore()
    workspace.flush()

    assert found is not None
    assert (found.name, load(workspace.current).name, load(path).name) == ("theirs", "theirs", "mine, later")
    assert not workspace.behind
    assert len(list(workspace.kept.iterdir())) == 1


def test_who_takes_over_keeps_the_other_graph_as_a_file_and_the_other_window_is_told(workspace: Workspace) -> None:
    other = Workspace(workspace.folder)
    save_now(other, named("theirs"))
    save_now(workspace, named("mine"))

    path = workspace.take_over(named("mine"))

    assert path is not None
    assert (load(path).name, load(workspace.current).name) == ("theirs", "mine")
    assert [file.name for file in workspace.kept.iterdir()] == [path.name]
    assert other.look()
    assert not workspace.look()


def test_a_removed_file_is_written_anew_by_whoever_comes_first(workspace: Workspace) -> None:
    save_now(workspace, named("mine"))
    workspace.current.unlink()

    assert not workspace.look()
    save_now(workspace, named("later"))

    assert load(workspace.current).name == "later"


def test_a_page_that_is_loaded_anew_finds_an_edit_that_was_not_yet_written(workspace: Workspace) -> None:
    workspace.autosave(named("a moment ago"))

    found = Workspace(workspace.folder).restore()

    assert found is not None
    assert found.name == "a moment ago"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["edit", "edit", "look", "load", "keep", "reload"]))))
def test_whatever_windows_do_no_graph_is_lost(
    tmp_path_factory: pytest.TempPathFactory, doings: list[tuple[int, str]]
) -> None:
    folder, number = tmp_path_factory.mktemp("user"), count()
    windows = [Workspace(folder) for _ in range(3)]
    shown = ["start"] * 3
    before: dict[str, set[str]] = {"start": set()}  # what each graph was made from
    for at, doing in doings:
        window = windows[at]
        if doing == "edit":
            name = f"graph {next(number)}"
            before[name] = {shown[at]} | before[shown[at]]
            shown[at] = name
            save_now(window, named(name))
        elif doing == "look":
            window.look()
        elif doing == "reload":
            windows[at] = Workspace(folder)
            found = windows[at].restore()
            shown[at] = found.name if found else "start"
        elif window.behind and doing == "load":
            window.give_way(named(shown[at]))
            found = window.restore()
            assert found is not None
            shown[at] = found.name
        elif window.behind and doing == "keep":
            window.take_over(named(shown[at]))
    on_disk = {load(path).name for path in [*folder.glob("current.json"), *folder.glob("kept/*.json")]}
    there = on_disk.union(*(before.get(name, set()) for name in on_disk))
    assert set(before) - {"start"} <= there


def test_settings_of_runs_are_kept_and_found_again(workspace: Workspace) -> None:
    config = RunConfig.suited("sort", lr=0.5, steps=7)

    workspace.keep_setup(config)
    workspace.flush()

    assert Workspace(workspace.folder).setup("sort") == config


def test_settings_of_runs_that_cannot_be_read_are_kept_aside(workspace: Workspace) -> None:
    workspace.setup_file.write_text("{")

    assert workspace.setup("reverse") == RunConfig.suited("reverse")

    (aside,) = workspace.folder.glob("setup.broken-*.json")
    assert aside.read_text() == "{"
    assert str(aside) in workspace.broken_setup


def test_settings_of_runs_that_the_disk_refuses_are_told_and_written_later(workspace: Workspace) -> None:
    workspace.setup_file.mkdir()  # a folder in the way
    workspace.keep_setup(RunConfig.suited("sort", seed=3))
    workspace.flush()
    assert workspace.problem

    workspace.setup_file.rmdir()
    workspace.flush()

    assert not workspace.problem
    assert workspace.setup("sort").seed == 3
