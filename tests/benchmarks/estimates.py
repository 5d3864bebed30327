"""What a model needs, told before it is built: a step's time against a real one, and how soon too much is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from statistics import median

from builder import templates
from builder.compile import compile_document
from builder.document import Document
from builder.resources import resources
from builder.validate import validate
from engine.channel import MemoryChannel
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import CompileError
from engine.machine import measure
from engine.training import Trainer
from tests.benchmarks.table import Row, best, least

ROUNDS, STEPS = 7, 6
MODELS = {
    "tiny": ("tiny", "reverse", {}),
    "gpt2 d 128": ("gpt2", "shakespeare", {"d_model": 128, "n_heads": 4, "n_layers": 4, "d_ff": 512}),
    "llama d 128": ("llama", "shakespeare", {"d_model": 128, "n_heads": 4, "n_layers": 4, "d_ff": 256}),
}
HUGE = {"d_model": 8192, "n_heads": 64, "n_layers": 12, "d_ff": 32768}


def rows() -> Iterator[Row]:
    """How far the estimated step is from the real one, and seconds until ten billion parameters are refused."""
    for what, (template, task, own) in MODELS.items():
        document = templates.build(template, **(TASKS[task].sizes(template) | own))
        yield Row(what=f"estimated ÷ real step, or the inverse: {what}", value=_apart(document, task), unit="×", goal=2)
    for what, document in {
        "parameters": templates.build("gpt2", **HUGE),
        "numbers in tables": templates.build("transformer", max_len=10**8),
    }.items():
        yield Row(what=f"refuse over 10 billion {what}", value=best(partial(_refuse, document), 3), unit="s", goal=1)


def _apart(document: Document, task: str) -> float:
    """The estimate and the truth in turns, both in seconds of one thread; the larger ÷ the smaller."""
    config = RunConfig(task=task)
    trainer = Trainer(compile_document(document), config, MemoryChannel())
    trainer.model.train()
    needs = resources(document, config.batch_size, TASKS[task].max_len)
    found = []
    for _ in range(ROUNDS):
        real = least(trainer._train_step, STEPS)
        found.append(needs.seconds(measure()) / real)
    share = median(found)
    return max(share, 1 / share)


def _refuse(document: Document) -> None:
    document = replace(document)  # which nothing is known of
    assert not validate(document).ok
    try:
        compile_document(document)
    except CompileError:
        return
    raise AssertionError("Over ten billion numbers were not refused.")
