"""The status of a run: who may change it when, and what of it is believed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from loguru import logger

from engine import jobs, status
from engine.errors import RunError
from engine.jsonfiles import write_json
from engine.status import LOCK_FILE, Status, change_status, read_status, rename
from tests.engine.run_folders import end_run, new_run


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What is logged as a warning."""
    found: list[str] = []
    sink = logger.add(lambda message: found.append(message.record["message"]), level="WARNING")
    yield found
    logger.remove(sink)


def test_a_run_that_ends_while_it_is_renamed_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run(tmp_path)
    ending = Thread(target=end_run, args=(folder,))

    def write(path: Path, value: dict[str, Any]) -> None:
        if value["name"] == "best" and value["state"] == "running":  # the renaming has read, and not yet written
            ending.start()
            ending.join(timeout=0.3)
        write_json(path, value)

    monkeypatch.setattr(status, "write_json", write)
    rename(folder, "best")
    ending.join()

    assert (read_status(folder).state, read_status(folder).name) == ("finished", "best")


def test_a_run_that_ends_while_it_is_looked_after_is_not_called_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run(tmp_path)
    last_sign = jobs._last_sign

    def ends_now(folder: Path) -> float:
        end_run(folder)
        return last_sign(folder)

    monkeypatch.setattr(jobs, "_last_sign", ends_now)

    assert jobs.reap(folder).state == "finished"
    assert read_status(folder).state == "finished"


def test_a_process_that_dies_or_sleeps_with_the_lock_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    folder = new_run(tmp_path)
    hold = "import sys, filelock; kept = filelock.FileLock(sys.argv[1]).acquire(); print(flush=True); input()"
    words = [sys.executable, "-c", hold, str(folder / LOCK_FILE)]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()

    monkeypatch.setattr(status, "PATIENCE", 0.05)
    change_status(folder, step=1)
    while_held = len(warnings)
    monkeypatch.undo()
    holder.kill()
    holder.communicate()
    change_status(folder, steps=2)

    assert (read_status(folder).step, read_status(folder).steps) == (1, 2)
    assert (while_held, len(warnings)) == (1, 1)


def test_a_folder_that_is_gone_is_not_made_for_the_lock(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no run"):
        change_status(tmp_path / "gone", step=1)

    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"state": "weird"},
        {"state": ["running"]},
        {"created": "now"},
        {"created": float("nan")},
        {"started": 1e300},
        {"step": -1},
        {"steps": 1.5},
        {"pid": True},
        {"name": None},
        {"reason": 3},
    ],
    ids=str,
)
def test_a_status_that_holds_something_else_is_no_run_to_be_read(tmp_path: Path, odd: dict[str, Any]) -> None:
    folder, other = new_run(tmp_path, "odd"), new_run(tmp_path, "other", "finished")
    known = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**known, **odd}))

    with pytest.raises(RunError, match=f"odd cannot be read: {next(iter(odd))} is "):
        read_status(folder)
    assert [found for found, _ in jobs.runs(tmp_path)] == [other]


def test_whole_numbers_do_as_times(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text('{"id": "a", "name": "a", "task": "sort", "created": 5}')

    assert read_status(tmp_path) == Status(id="a", name="a", task="sort", created=5)
