"""What watching costs a run: its step time with metrics, live plots and MLflow on, against the same run alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from builder import mirror, templates
from builder.compile import compile_document
from builder.run import create_run
from engine.channel import Channel, FolderChannel, MemoryChannel
from engine.config import RunConfig
from engine.data import TASKS
from engine.messages import Event
from engine.status import change_status
from engine.training import Trainer
from tests.benchmarks.table import Row, ratio

STEPS = 20  # in each round
ROUNDS = 25
SETTLE = 15  # seconds in which the watchers start; MLflow makes its tables
WATCHER = """
import sys, time
from pathlib import Path
from engine.curves import MetricsTail
from views.curves import CurvePlot, Shown
from views.groups import GROUPS, LOSS
tail = MetricsTail(Path(sys.argv[1]))
plots = [CurvePlot(LOSS, log=True), CurvePlot(GROUPS["Accuracy"])]
while True:
    tail.read()
    for plot in plots:
        plot.show([Shown("run", "run", tail)], 1000)
    time.sleep(0.25)
"""


class Silence(MemoryChannel):
    """A channel that keeps nothing."""

    def publish(self, event: Event) -> None:
        """Forget the event."""


def rows() -> Iterator[Row]:
    """Step time watched ÷ alone."""
    document = templates.build("gpt2", **TASKS["reverse"].sizes("gpt2"))
    config = RunConfig(task="reverse", steps=10**6, eval_every=10**6, sample_every=10**6, checkpoint_every=10**6)
    with TemporaryDirectory() as home:
        folder = create_run(document, config, Path(home) / "runs")
        change_status(folder, state="running")

        def trainer(channel: Channel) -> Trainer:
            made = Trainer(compile_document(document), config, channel)
            made.model.train()
            return made

        alone, watched = trainer(Silence()), trainer(FolderChannel(folder))
        with watching(Path(home), folder) as watchers:
            value = ratio(lambda: go_watched(watched, watchers), lambda: go(alone), ROUNDS, wall=True)
    yield Row(what="step time with live plots and MLflow ÷ without", value=value, unit="×", goal=1.03)


def go(trainer: Trainer) -> None:
    """A round of steps."""
    for _ in range(STEPS):
        trainer._obey()
        trainer._train_step()


def go_watched(trainer: Trainer, watchers: Sequence[psutil.Process]) -> None:
    """A round of steps while the watchers work; they rest in between."""
    for watcher in watchers:
        watcher.resume()
    go(trainer)
    for watcher in watchers:
        watcher.suspend()


@contextmanager
def watching(home: Path, folder: Path) -> Iterator[Sequence[psutil.Process]]:
    """The mirror and a reader that draws, each as a process of its own."""
    reader = subprocess.Popen([sys.executable, "-c", WATCHER, str(folder)])
    copier = mirror.start(home, once=folder)
    assert copier is not None, "The mirror is switched off: STEPWISE_MIRROR"
    started = (reader, copier)
    time.sleep(SETTLE)
    try:
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
