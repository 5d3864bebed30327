"""Fill in hidden characters of Shakespeare: what BERT learns from, at the size of a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor

from engine.data.batch import IGNORE, Batch, Example
from engine.data.interface import Interface
from engine.data.shakespeare import CHARS, texts
from engine.data.task import Size, Split, Task, register
from engine.data.tokenizers import CharTokenizer

_BLANK = "_"
_SHARE = 0.15  # of the characters is asked for
_KEPT, _WRONG = 0.1, 0.1  # of those stays as it is, or becomes another one


@register
class Fill(Task):
    """Masked language modelling on the plays."""

    name = "fill"
    title = "Fill in"
    about = "Tell which characters of Shakespeare's plays are hidden: th_ kin_ becomes the king."
    templates = ("bert", "tiny_bert")
    metric = "val_accuracy"
    typical = "To b_"
    blank = len(CHARS)
    recommended: ClassVar[Mapping[str, Size]] = {"steps": 2000, "lr": 4e-3, "batch_size": 64, "eval_size": 128}

    @property
    def tokenizer(self) -> CharTokenizer:
        """Letters and punctuation of the plays, and `_` for what is hidden."""
        return CharTokenizer(CHARS + _BLANK)

    @property
    def max_len(self) -> int:
        """Characters a model reads at a time."""
        return 32

    @property
    def answer_len(self) -> int:
        """The text again, complete."""
        return self.max_len

    def shape(self, template: str) -> dict[str, Size]:
        """Small enough that short words come out right within a minute."""
        if template == "tiny_bert":
            return {"d_model": 64, "n_heads": 4, "n_layers": 2, "d_ff": 128, "dropout": 0.0}
        return {"d_model": 96, "n_heads": 4, "n_layers": 3, "d_ff": 384, "dropout": 0.0}

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw pieces of the plays and hide some characters; see `Task.batch`.

        Of the hidden ones a tenth stays and a tenth becomes another character (Devlin et al., “BERT”,
        arXiv:1810.04805, §3.1), so that a model must doubt what it sees.
        """
        text, T = texts()[split], self.max_len
        starts = torch.randint(len(text) - T, (size, 1), generator=generator)
        pieces = text[starts + torch.arange(T)].long()  # (B, T)
        asked = torch.rand(size, T, generator=generator) < _SHARE
        asked[:, 0] |= ~asked.any(1)
        inputs = interface.pick({"tokens": self._hidden(pieces, asked, generator)}, self.name)
        return Batch(inputs=inputs, targets=pieces.where(asked, IGNORE), tokens=size * T)

    def _hidden(self, pieces: Tensor, asked: Tensor, generator: Generator) -> Tensor:
        """`pieces` (B, T) without most of what is asked for."""
        fate = torch.rand(pieces.shape, generator=generator)
        other = torch.randint(len(CHARS), pieces.shape, generator=generator)
        hidden = torch.where(fate < 1 - _KEPT - _WRONG, self.blank, other)
        return hidden.where(asked & (fate < 1 - _KEPT), pieces)

    def examples(self, count: int) -> list[Example]:
        """Pieces of the held-out ends of the plays, with every fifth letter hidden."""
        text = texts()["val"]
        draw = Generator().manual_seed(1)
        starts = [int(torch.randint(len(text) - self.max_len, (), generator=draw)) for _ in range(count)]
        rows = (self.tokenizer.decode(text[at : at + self.max_len].tolist()) for at in starts)
        return [Example(text=_with_gaps(row), wanted=row) for row in rows]

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """A text with `_` for what is hidden; see `Task.read`."""
        return interface.pick({"tokens": self.encoded(text, "characters")}, self.name)


def _with_gaps(row: str) -> str:
    return "".join(_BLANK if place % 5 == 2 and char.isalpha() else char for place, char in enumerate(row))
