"""The inside of a run's process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from engine.channel import FolderChannel
from engine.errors import RunError
from engine.messages import Evaluated, Event, Finished, Started, StepDone
from engine.runs import LOG_FILE
from engine.worker import reason_of, work
from tests.engine.models import make_run, train_tiny


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RunError("Set d_model to 4."), "Set d_model to 4."),
        (KeyError("x"), "KeyError: 'x' The traceback is in log.txt."),
        (RuntimeError("bad\nlong story"), "RuntimeError: bad The traceback is in log.txt."),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "Lower batch_size"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "Lower batch_size"),
        (MemoryError(), "Lower batch_size"),
    ],
)
def test_a_reason_is_short_and_says_what_to_do(error: Exception, reason: str) -> None:
    found = reason_of(error)

    assert reason in found
    assert "\n" not in found


def test_every_event_is_told_to_the_listener_too(tmp_path: Path) -> None:
    heard: list[Event] = []

    status = work(make_run(tmp_path, steps=2), train_tiny, heard.append)

    assert status.state == "finished"
    assert [event.type for event in heard if event.type == "step"] == ["step", "step"]


def test_signal_handlers_are_given_back_and_a_failure_goes_to_the_log(tmp_path: Path) -> None:
    folder, before = make_run(tmp_path), signal.getsignal(signal.SIGINT)

    def break_down(_folder: Path, channel: FolderChannel) -> None:
        channel.publish(Started(step=3))
        raise RuntimeError("broken block")

    status = work(folder, break_down)

    assert signal.getsignal(signal.SIGINT) is before
    assert (status.state, status.step) == ("failed", 3)
    assert "broken block" in (folder / LOG_FILE).read_text()


def test_the_log_says_what_happened_but_not_each_step(tmp_path: Path) -> None:
    folder = make_run(tmp_path)

    def train(_: Path, channel: FolderChannel) -> None:
        channel.publish(Started(step=0))
        channel.publish(StepDone(step=1, metrics={"loss": 2.0}))
        channel.publish(Evaluated(step=1, metrics={"val_loss": 1.23456}))
        channel.publish(Finished(step=1))

    work(folder, train)

    lines = [line.split(" INFO ")[1] for line in (folder / LOG_FILE).read_text().splitlines()]
    assert lines == ["Step 0: started", "Step 1: val_loss 1.235", "Step 1: finished"]
