"""Commands in, events out, through files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channel import COMMANDS_FILE, METRICS_FILE, FolderChannel, LineWriter, send
from engine.errors import RunError
from engine.jsonfiles import read_lines
from engine.messages import (
    Event,
    Failed,
    Pause,
    Paused,
    Resume,
    SetLr,
    Snapshot,
    Started,
    Step,
    StepDone,
    Stop,
    Stopped,
    read_command,
)
from engine.runs import EventTail, read_config, read_events
from engine.status import change_status, read_status
from engine.training import Trainer
from tests.engine.models import TinyGPT, make_run


@given(st.sampled_from([Pause(), Resume(), Step(count=3), Stop(), SetLr(lr=0.1), Snapshot()]))
def test_a_command_is_the_same_after_a_trip_through_its_line(command: Pause) -> None:
    assert read_command(command.to_dict()) == command


@pytest.mark.parametrize("wrong", [{"type": "paus"}, {"type": "set_lr"}, {}, {"type": "stop", "now": True}])
def test_what_is_no_command_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RunError, match="is no command"):
        read_command(wrong)


def test_a_run_hears_each_command_once_in_order(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    channel = FolderChannel(folder)

    send(folder, Pause())
    send(folder, SetLr(lr=0.5))

    assert channel.poll() == [Pause(), SetLr(lr=0.5)]
    assert channel.poll() == []
    channel.close()


def test_commands_from_before_the_start_are_not_heard(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    send(folder, Stop())
    change_status(folder, commands_from=(folder / COMMANDS_FILE).stat().st_size)

    channel = FolderChannel(folder)
    send(folder, Pause())

    assert channel.poll() == [Pause()]
    channel.close()


def test_nonsense_among_the_commands_is_left_out(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    channel = FolderChannel(folder)
    (folder / COMMANDS_FILE).write_text('{"type": "dance"}\n{broken\n[1]\n{"type": "pause"}\n')

    assert channel.poll() == [Pause()]
    channel.close()


def test_events_reach_files_status_and_listener(tmp_path: Path) -> None:
    folder, heard = make_run(tmp_path), []
    channel = FolderChannel(folder, heard.append)

    channel.publish(Started(step=0))
    channel.publish(StepDone(step=1, metrics={"loss": 2.5}))
    channel.publish(Paused(step=1))
    channel.close()

    rows, _ = read_lines(folder / METRICS_FILE, 0)
    assert rows == [{"step": 1, "loss": 2.5}]
    assert [event["type"] for event in read_events(folder)] == ["started", "paused"]
    assert (read_status(folder).state, read_status(folder).step) == ("paused", 1)
    assert len(heard) == 3


def test_a_failure_leaves_its_reason_in_the_status(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    channel = FolderChannel(folder)

    channel.publish(Failed(step=4, reason="no room"))
    channel.close()

    status = read_status(folder)
    assert (status.state, status.reason) == ("failed", "no room")
    assert status.ended > 0


def test_a_number_that_is_none_is_written_as_null(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    channel = FolderChannel(folder)

    channel.publish(StepDone(step=1, metrics={"loss": float("nan"), "lr": 0.1}))
    channel.close()

    assert (folder / METRICS_FILE).read_text() == '{"step": 1, "loss": null, "lr": 0.1}\n'


def test_a_line_that_a_crash_has_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text('{"a": 1}\n{"a": ')

    writer = LineWriter(path)
    writer.write({"a": 3})
    writer.close()

    assert read_lines(path, 0)[0] == [{"a": 1}, {"a": 3}]


def test_a_tail_reads_only_what_is_new_and_only_whole_lines(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    tail, path = EventTail(folder), folder / "events.jsonl"
    path.write_text('{"type": "a"}\n{"type"')

    first = tail.read()
    with path.open("a") as file:
        file.write(': "b"}\n')

    assert [event["type"] for event in first] == ["a"]
    assert [event["type"] for event in tail.read()] == ["b"]
    assert tail.read() == []


def test_a_run_whose_folder_was_removed_stops(tmp_path: Path) -> None:
    channel = FolderChannel(folder := make_run(tmp_path))
    before = channel.poll()
    shutil.rmtree(folder)

    assert (before, channel.poll()) == ([], [Stop()])
    channel.close()


def test_a_run_that_was_removed_all_but_a_checkpoint_stops_and_says_so_to_nobody(tmp_path: Path) -> None:
    channel = FolderChannel(folder := make_run(tmp_path))
    (folder / "status.json").unlink()

    found = channel.poll()
    channel.publish(Stopped(step=0))
    channel.close()

    assert found == [Stop()]
    assert not (folder / "status.json").exists()


def test_a_run_whose_folder_was_removed_writes_nothing_there_any_more(tmp_path: Path) -> None:
    folder = make_run(tmp_path)

    def remove(event: Event) -> None:
        if event.step == 3:
            shutil.rmtree(folder, ignore_errors=True)

    channel = FolderChannel(folder, remove)
    done = Trainer(TinyGPT(), read_config(folder), channel, folder).run()
    channel.publish(Failed(step=3, reason="no room"))
    channel.close()

    assert not done
    assert channel.step == 3
    assert list(tmp_path.iterdir()) == []
