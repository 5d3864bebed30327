"""What a model can be trained for: data, what counts as right, and the sizes that suit it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor

from engine.data.batch import Batch, Example
from engine.data.interface import Interface
from engine.data.tokenizers import Tokenizer
from engine.errors import RunError
from engine.registry import Registry, did_you_mean

Split = Literal["train", "val"]
Size = int | float


class Task(ABC):
    """Gives batches, examples and sizes; every task of the app is one object of this kind in `TASKS`.

    Attributes:
        name: Stable identifier, written into run folders.
        title: What the window calls it.
        about: What is asked, in one sentence.
        templates: Built-in models that it fits, the best first.
        metric: What says best how good the model is: `exact_match`, `val_accuracy` or `val_loss`.
        labels: Names of the classes, where the answer is one of them.
        start: Token that begins every answer of an encoder-decoder.
        stop: Token that ends an answer; `None` if only its length does.
        blank: Token that stands for what is hidden; `None` unless the model fills in a text.
        order_matters: Whether the answer depends on the order of the tokens that are read, not only on which they are.
        recommended: Settings of a run that suit it, where they differ from the defaults.
        typical: A short text that it reads; empty: its first example is one. Examples of large data take time.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    templates: ClassVar[tuple[str, ...]]
    metric: ClassVar[Literal["exact_match", "val_accuracy", "val_loss"]]
    labels: ClassVar[tuple[str, ...]] = ()
    start: ClassVar[int | None] = None
    stop: ClassVar[int | None] = None
    blank: ClassVar[int | None] = None
    order_matters: ClassVar[bool] = True
    recommended: ClassVar[Mapping[str, Size]] = {}
    typical: ClassVar[str] = ""

    @property
    @abstractmethod
    def tokenizer(self) -> Tokenizer:
        """How its texts become ids."""

    @property
    @abstractmethod
    def max_len(self) -> int:
        """The longest sequence, in tokens, that a model must be able to read."""

    @property
    @abstractmethod
    def answer_len(self) -> int:
        """How many tokens an answer has at most."""

    @abstractmethod
    def shape(self, template: str) -> dict[str, Size]:
        """Symbols of `template` that make it small enough to learn this in about a minute."""

    @abstractmethod
    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw `size` examples that are of `split` only, in the form the model takes.

        Raises:
            RunError: If the model takes other inputs than this task has.
        """

    @abstractmethod
    def examples(self, count: int) -> list[Example]:
        """The same `count` examples each time, none of which is trained on."""

    @abstractmethod
    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """A user's text as inputs of a model, batch size 1.

        Raises:
            RunError: If the text has characters that are unknown, or is empty or too long.
        """

    def encoded(self, text: str, units: str) -> Tensor:
        """Ids (1, T) of a text that the model reads as a whole.

        Args:
            text: What the user typed.
            units: What its length is counted in, for the message.

        Raises:
            RunError: If it has characters that are unknown, or is empty or too long.
        """
        ids = self.tokenizer.encode(text)
        if not 0 < len(ids) <= self.max_len:
            raise RunError(f"{text!r} has {len(ids)} {units}; task {self.name!r} takes 1 to {self.max_len}.")
        return torch.tensor([ids])

    def sizes(self, template: str) -> dict[str, Size]:
        """Values for the symbols of a built-in model so that it fits this task.

        Raises:
            RunError: If the task does not fit that model.
        """
        if template not in self.templates:
            raise RunError(f"Task {self.name!r} does not fit {template!r}. {did_you_mean(template, self.templates)}")
        return {"vocab_size": self.tokenizer.vocab_size, "max_len": self.max_len, **self.shape(template)}

    def write(self, ids: Sequence[int]) -> str:
        """The text of an answer's ids (T,), up to the token that ends it."""
        ends = self.stop is not None and self.stop in ids
        return self.tokenizer.decode(ids[: list(ids).index(self.stop)] if ends else ids)  # type: ignore[arg-type]


TASKS: Registry[Task] = Registry("task")


def register(task: type[Task]) -> type[Task]:
    """Put a task into `TASKS`.

    Raises:
        ValueError: If its name is taken.
    """
    TASKS.add(task.name, task())
    return task
