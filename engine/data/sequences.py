"""Tasks that turn one sequence of symbols into another, drawn at random from a seed.

Decoder-only models read `abc>cba` and are asked for what follows `>`; encoder-decoder models read `abc`
and are asked to continue `>`. `.` ends an answer, `_` fills short rows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor

from engine.data.batch import IGNORE, Batch, Example
from engine.data.interface import Interface
from engine.data.splits import FOLDS, drawn
from engine.data.task import Size, Split, Task
from engine.data.tokenizers import CharTokenizer
from engine.errors import RunError

PAD, GO, END = 0, 1, 2
_SPECIAL = "_>."


class SequenceTask(Task):
    """A task whose answer is as long as its question.

    Attributes:
        symbols: What questions are made of, one character each.
        shortest: Length of the shortest question.
        longest: Length of the longest question.
    """

    symbols: ClassVar[str]
    shortest: ClassVar[int] = 3
    longest: ClassVar[int] = 10
    templates: ClassVar[tuple[str, ...]] = (
        "gpt2",
        "transformer",
        "llama",
        "t5",
        "moe",
        "tiny",
        "tiny_llama",
        "tiny_t5",
        "tiny_moe",
    )
    start = GO
    stop = END
    recommended: ClassVar[Mapping[str, Size]] = {"steps": 1200, "lr": 4e-3}

    def __init__(self) -> None:
        self._tokenizer = CharTokenizer(_SPECIAL + self.symbols)

    @abstractmethod
    def solve(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """The right answers to `rows` (B, L) with `lengths` (B,); what lies beyond a length is ignored."""

    @property
    def tokenizer(self) -> CharTokenizer:
        """Its symbols and `_ > .`."""
        return self._tokenizer

    @property
    def max_len(self) -> int:
        """Question, `>` and answer; the final `.` is asked for, never read."""
        return 2 * self.longest + 1

    @property
    def answer_len(self) -> int:
        """The answer and its `.`."""
        return self.longest + 1

    def shape(self, template: str) -> dict[str, Size]:
        """Small: one layer finds the place of a letter, another uses it; an encoder-decoder has one on each side."""
        kind = template.removeprefix("tiny_")
        widths = {"llama": 192, "moe": 128}
        layers, heads = 1 if kind in ("transformer", "t5") else 2, 8 if kind == "t5" else 4
        return {
            "d_model": 64, "n_heads": heads, "n_layers": layers, "d_ff": widths.get(kind, 256), "dropout": 0.0
        }  # fmt: skip

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw questions of random lengths, and their answers; see `Task.batch`."""
        rows, lengths = self.draw(split, generator, size)
        return self._pack(rows, self.solve(rows, lengths), lengths, interface)

    def draw(self, split: Split, generator: Generator, size: int) -> tuple[Tensor, Tensor]:
        """Questions (B, L) filled up with `PAD`, and their lengths (B,).

        A checksum decides whether a question belongs to training or validation, so none is in both.
        """
        count = size * (FOLDS if split == "val" else 1) + size // 4 + 1
        return drawn(split, size, lambda: self._candidates(generator, count))

    def _candidates(self, generator: Generator, count: int) -> tuple[Tensor, Tensor]:
        first, last = len(_SPECIAL), self._tokenizer.vocab_size
        rows = torch.randint(first, last, (count, self.longest), generator=generator)
        lengths = torch.randint(self.shortest, self.longest + 1, (count,), generator=generator)
        return rows.masked_fill(torch.arange(self.longest) >= lengths[:, None], PAD), lengths

    def _pack(self, rows: Tensor, answers: Tensor, lengths: Tensor, interface: Interface) -> Batch:
        if interface.is_encoder_decoder:
            return self._as_pair(rows, answers, lengths, interface)
        return self._as_line(rows, answers, lengths, interface)

    def _as_pair(self, rows: Tensor, answers: Tensor, lengths: Tensor, interface: Interface) -> Batch:
        B, L = rows.shape
        place, length = torch.arange(L + 1), lengths[:, None]
        go = torch.full((B, 1), GO)
        padded = torch.cat([answers, torch.full((B, 1), PAD)], 1)  # (B, L+1)
        asked = padded.where(place < length, END)
        offered = {
            "source": rows,
            "target": torch.cat([go, answers.where(place[:L] < length, PAD)], 1),  # (B, L+1)
            "source_padding": place[:L] < length,
            "padding": place <= length,
        }
        targets = asked.where(place <= length, IGNORE)
        return Batch(inputs=interface.pick(offered, self.name), targets=targets, tokens=2 * int(lengths.sum()) + B)

    def _as_line(self, rows: Tensor, answers: Tensor, lengths: Tensor, interface: Interface) -> Batch:
        B, L = rows.shape
        place, length = torch.arange(2 * L + 2), lengths[:, None]
        line = torch.full((B, 2 * L + 2), PAD)
        line[:, :L] = rows
        line.scatter_(1, length, GO)
        inside = torch.arange(L) < length
        where = (torch.arange(L) + length + 1).where(inside, 2 * L + 1)
        line.scatter_(1, where, answers)
        line = line.where(place <= 2 * length, PAD).scatter_(1, 2 * length + 1, END)  # (B, 2L+2)
        asked = (place > length) & (place <= 2 * length + 1)
        offered = {"tokens": line[:, :-1], "padding": (place <= 2 * length)[:, :-1]}
        targets = line.where(asked, IGNORE)[:, 1:]
        return Batch(inputs=interface.pick(offered, self.name), targets=targets, tokens=2 * int(lengths.sum()) + B)

    def examples(self, count: int) -> list[Example]:
        """Held-out questions with their answers."""
        rows, lengths = self.draw("val", Generator().manual_seed(1), max(count, 32))
        answers = self.solve(rows, lengths)
        cut = zip(rows.tolist(), answers.tolist(), lengths.tolist(), strict=True)
        decode = self._tokenizer.decode
        return [Example(text=decode(row[:n]), wanted=decode(answer[:n])) for row, answer, n in cut][:count]

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """`abc`, or `abc>cb` with the beginning of an answer; see `Task.read`.

        Raises:
            RunError: If the question is empty, either is too long, or has symbols that are unknown.
        """
        question, _, begun = text.strip().partition(">")
        if not 0 < len(question) <= self.longest or len(begun) > self.longest:
            raise RunError(
                f"{text!r} has {len(question)} symbols before '>' and {len(begun)} after; "
                f"task {self.name!r} takes 1 to {self.longest}, and an answer no longer. Change the text."
            )
        source, target = (torch.tensor([self._tokenizer.encode(t)]) for t in (question, ">" + begun))
        offered = {"tokens": torch.cat([source, target], 1)}
        if interface.is_encoder_decoder:
            offered = {"source": source, "target": target}
        return interface.pick(offered, self.name)
