"""The text of a model that was trained elsewhere: its run folder carries the tokenizer it reads with."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Generator, Tensor

from engine.data.batch import Batch, Example
from engine.data.interface import Interface
from engine.data.task import TASKS, Size, Split, Task
from engine.data.tokenizers import SubwordTokenizer
from engine.errors import RunError

TOKENIZER_FILE = "tokenizer.json"
TEXT = "text"  # what such a run's settings call its task
EXAMPLES = ("The cat sat on the mat because it was tired.", "The capital of France is", "One, two, three, four,")


class TrainedText(Task):
    """Reads text with a tokenizer of its own; a model can be looked at with it, but not trained.

    Args:
        file: The tokenizer, as the `tokenizers` library writes it.
        max_len: Tokens that the model reads at most.
    """

    name = TEXT
    title = "Text of a trained model"
    about = "Read any text with the model's own tokenizer."
    templates: ClassVar[tuple[str, ...]] = ()
    metric = "val_loss"

    def __init__(self, file: Path, max_len: int = 256) -> None:
        self._file, self._max_len = file, max_len

    @cached_property
    def tokenizer(self) -> SubwordTokenizer:
        """The model's own.

        Raises:
            RunError: If the folder has none.
        """
        try:
            return SubwordTokenizer(self._file.read_text("utf-8"))
        except OSError:
            raise RunError(
                f"{self._file.parent.name} has no {TOKENIZER_FILE}, so it cannot read text. Put the model's there."
            ) from None

    @property
    def max_len(self) -> int:
        """Tokens that are read at most, so that no map of attention is too large to draw."""
        return self._max_len

    @property
    def answer_len(self) -> int:
        """Tokens written on."""
        return 32

    def shape(self, template: str) -> dict[str, Size]:
        """There is no template for it.

        Raises:
            RunError: Always.
        """
        raise RunError(f"{template!r} cannot be sized for the text of a trained model. Choose one of the tasks.")

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:  # noqa: ARG002
        """There is nothing to learn from.

        Raises:
            RunError: Always.
        """
        raise RunError("A trained model's own text is no task to train for. Choose a task.")

    def examples(self, count: int) -> list[Example]:
        """Sentences to try; see `Task.examples`."""
        return [Example(text=EXAMPLES[i % len(EXAMPLES)], wanted="") for i in range(count)]

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """The last `max_len` tokens; an encoder-decoder begins its answer with token 0. See `Task.read`.

        Raises:
            RunError: If the text is empty, or the folder has no tokenizer.
        """
        ids = self.tokenizer.encode(text)
        if not ids:
            raise RunError("The text is empty. Type at least one word.")
        tokens = torch.tensor([ids[-self.max_len :]])
        offered = (
            {"source": tokens, "target": tokens[:, :1] * 0} if interface.is_encoder_decoder else {"tokens": tokens}
        )
        return interface.pick(offered, self.name)


def task_of(folder: Path, name: str) -> Task:
    """The task of a run: one of `TASKS`, or the text of the trained model that the folder holds.

    Args:
        folder: The run.
        name: What its settings call the task.

    Raises:
        UnknownNameError: If there is no such task.
    """
    return TrainedText(folder / TOKENIZER_FILE) if name == TEXT else TASKS[name]
