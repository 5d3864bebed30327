"""Run folders: names, status, settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import RunError, SettingError
from engine.runs import find, folders, fresh_name, latest_checkpoint, new_folder, read_config, read_status
from engine.status import Status, write_status
from tests.engine.models import make_run


def test_folders_made_in_one_second_have_different_names_in_order(tmp_path: Path) -> None:
    made = [new_folder(tmp_path, "reverse") for _ in range(3)]

    assert len(set(made)) == 3
    assert made == sorted(made)


def test_runs_are_listed_newest_first_and_other_folders_left_out(tmp_path: Path) -> None:
    older, newer = make_run(tmp_path), make_run(tmp_path)
    (tmp_path / "notes").mkdir()

    assert folders(tmp_path) == [newer, older]
    assert find(tmp_path, "last") == newer
    assert folders(tmp_path / "nowhere") == []


def test_a_status_of_a_later_version_is_read_without_what_we_do_not_know(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    data = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**data, "mood": "good"}))

    assert read_status(folder).name == "tiny"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_folder_without_a_status_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text)

    with pytest.raises(RunError, match="is no run"):
        read_status(tmp_path)


def test_settings_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    folder = make_run(tmp_path)

    (folder / "config.json").write_text('{"stepz": 1}')
    with pytest.raises(SettingError, match="Did you mean 'steps'"):
        read_config(folder)
    (folder / "config.json").unlink()
    with pytest.raises(RunError, match="no readable"):
        read_config(folder)


def test_a_run_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no checkpoint yet"):
        latest_checkpoint(make_run(tmp_path))


def test_a_second_run_of_one_name_gets_a_number(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_status(folder, Status(id=str(number), name=fresh_name(tmp_path, "tiny"), task="sort", steps=1))

    assert [read_status(tmp_path / number).name for number in "12"] == ["tiny", "tiny 2"]
