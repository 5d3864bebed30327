"""Tell whether brackets match: `(()())` do, `())(` do not. A task for encoders with a classifier on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor

from engine.data.batch import Batch, Example
from engine.data.interface import Interface
from engine.data.splits import FOLDS, drawn
from engine.data.task import Size, Split, Task, register
from engine.data.tokenizers import CharTokenizer

_OPEN, _CLOSE = 1, 2


@register
class Brackets(Task):
    """Two classes, half of the rows each."""

    name = "brackets"
    title = "Brackets"
    about = "Tell whether every bracket that opens is closed: (()()) matches, ())( does not."
    templates = ("classifier",)
    metric = "val_accuracy"
    labels = ("wrong", "right")
    recommended: ClassVar[Mapping[str, Size]] = {"steps": 600}
    pairs: ClassVar[tuple[int, int]] = (2, 8)

    @property
    def tokenizer(self) -> CharTokenizer:
        """Two brackets and `_` to fill short rows."""
        return CharTokenizer("_()")

    @property
    def max_len(self) -> int:
        """Brackets in the longest row."""
        return 2 * self.pairs[1]

    @property
    def answer_len(self) -> int:
        """One label."""
        return 1

    def shape(self, template: str) -> dict[str, Size]:  # noqa: ARG002 -- there is one
        """Small: one layer counts, the other compares."""
        sizes = {"d_model": 64, "n_heads": 4, "n_layers": 2, "d_ff": 256, "n_classes": len(self.labels)}
        return {**sizes, "dropout": 0.0}

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw rows of which about half match; see `Task.batch`."""
        rows, lengths = self.draw(split, generator, size)
        offered = {"tokens": rows, "padding": torch.arange(self.max_len) < lengths[:, None]}
        inputs = interface.pick(offered, self.name)
        return Batch(inputs=inputs, targets=matches(rows).long(), tokens=int(lengths.sum()))

    def draw(self, split: Split, generator: Generator, size: int) -> tuple[Tensor, Tensor]:
        """Rows (B, T) filled up with 0, and their lengths (B,); a checksum keeps the splits apart."""
        count = 2 * size * (FOLDS if split == "val" else 1)
        return drawn(split, size, lambda: self._candidates(generator, count))

    def _candidates(self, generator: Generator, count: int) -> tuple[Tensor, Tensor]:
        few, many = self.pairs
        lengths = 2 * torch.randint(few, many + 1, (count,), generator=generator)
        rows = _shuffled(lengths, self.max_len, generator)
        fate = torch.randint(4, (count, 1), generator=generator)
        matching = _rotated(rows, lengths)
        flipped = _with_one_flipped(matching, lengths, generator)
        return matching.where(fate > 1, flipped.where(fate == 1, rows)), lengths

    def examples(self, count: int) -> list[Example]:
        """Held-out rows with their labels."""
        rows, lengths = self.draw("val", Generator().manual_seed(1), max(count, 32))
        labels = [self.labels[i] for i in matches(rows).long().tolist()]
        cut = zip(rows.tolist(), lengths.tolist(), labels, strict=True)
        return [Example(text=self.tokenizer.decode(row[:n]), wanted=label) for row, n, label in cut][:count]

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """A row of brackets; see `Task.read`."""
        return interface.pick({"tokens": self.encoded(text.strip(), "brackets")}, self.name)


def matches(rows: Tensor) -> Tensor:
    """Whether each row (B, T) never closes more than it opened, and ends closed, (B,) bool."""
    depth = _steps(rows).cumsum(1)  # (B, T)
    return (depth.min(1).values >= 0) & (depth[:, -1] == 0)


def _steps(rows: Tensor) -> Tensor:
    return (rows == _OPEN).long() - (rows == _CLOSE).long()


def _shuffled(lengths: Tensor, width: int, generator: Generator) -> Tensor:
    """As many opening as closing brackets, in any order, (B, width)."""
    place = torch.arange(width)
    keys = torch.rand(len(lengths), width, generator=generator).masked_fill(place >= lengths[:, None], 2)
    ranks = keys.argsort(1).argsort(1)
    rows = torch.where(ranks < lengths[:, None] // 2, _OPEN, _CLOSE)
    return rows.masked_fill(place >= lengths[:, None], 0)


def _rotated(rows: Tensor, lengths: Tensor) -> Tensor:
    """Begin each row after its deepest point: by the cycle lemma it then matches."""
    place, length = torch.arange(rows.shape[1]), lengths[:, None]
    depth = _steps(rows).cumsum(1).masked_fill(place >= length, rows.shape[1])
    start = depth.argmin(1, keepdim=True) + 1
    turned = rows.gather(1, (place + start) % length)
    return turned.masked_fill(place >= length, 0)


def _with_one_flipped(rows: Tensor, lengths: Tensor, generator: Generator) -> Tensor:
    chosen = (torch.rand(len(rows), 1, generator=generator) * lengths[:, None]).long()
    return rows.scatter(1, chosen, 3 - rows.gather(1, chosen))
