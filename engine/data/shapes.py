"""Say what a small image shows: a square, a diamond, a plus or a cross. A task for models that read pixels.

An image is 8 × 8 pixels of nine shades. As text it is a row of characters for each line, parted by `/`.
"""

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
from engine.errors import RunError

SIDE = 8
_SHADES = ".:-=+*#%@"  # from dark to bright
_NOISE, _BRIGHT = 3, 5  # shades below the first are background, from the second on the shape


@register
class Shapes(Task):
    """Four classes, a quarter of the images each."""

    name = "shapes"
    title = "Shapes"
    about = "Tell which shape a small image shows: a square, a diamond, a plus or a cross."
    templates = ("vit", "tiny_vit")
    metric = "val_accuracy"
    labels = ("square", "diamond", "plus", "cross")
    recommended: ClassVar[Mapping[str, Size]] = {"steps": 400, "lr": 2e-3}

    @property
    def tokenizer(self) -> CharTokenizer:
        """Nine shades, and `/` between the rows of an image."""
        return CharTokenizer(_SHADES + "/")

    @property
    def max_len(self) -> int:
        """Pixels of an image; more positions no model needs."""
        return SIDE * SIDE

    @property
    def answer_len(self) -> int:
        """One label."""
        return 1

    def shape(self, template: str) -> dict[str, Size]:
        """Small: four patches a side, which one layer collects and another compares."""
        layers = 2 if template == "tiny_vit" else 3
        return {"d_model": 64, "n_heads": 4, "n_layers": layers, "d_ff": 128, "dropout": 0.0}

    def sizes(self, template: str) -> dict[str, Size]:
        """Those of an image instead of those of a text; see `Task.sizes`."""
        found = super().sizes(template)
        del found["vocab_size"], found["max_len"]
        return {"image_size": SIDE, "patch": 2, "channels": 1, "n_classes": len(self.labels), **found}

    def batch(self, split: Split, generator: Generator, size: int, interface: Interface) -> Batch:
        """Draw images of which each class is about a quarter; see `Task.batch`."""
        shades, classes = self.draw(split, generator, size)
        inputs = interface.pick({"pixels": _pixels(shades)}, self.name)
        return Batch(inputs=inputs, targets=classes, tokens=shades.numel())

    def draw(self, split: Split, generator: Generator, size: int) -> tuple[Tensor, Tensor]:
        """Shades (B, 64) int64 from 0 to 8, row by row, and classes (B,); a checksum keeps the splits apart."""
        count = 2 * size * (FOLDS if split == "val" else 1)
        return drawn(split, size, lambda: _images(generator, count))

    def examples(self, count: int) -> list[Example]:
        """Held-out images with their labels."""
        rows, classes = self.draw("val", Generator().manual_seed(1), max(count, 32))
        pairs = zip(rows.tolist(), classes.tolist(), strict=True)
        return [Example(text=self._text(row), wanted=self.labels[i]) for row, i in pairs][:count]

    def _text(self, row: list[int]) -> str:
        return "/".join(self.tokenizer.decode(row[at : at + SIDE]) for at in range(0, SIDE * SIDE, SIDE))

    def read(self, text: str, interface: Interface) -> dict[str, Tensor]:
        """An image as eight rows of shades, parted by `/` or line ends; see `Task.read`.

        Raises:
            RunError: If it has other than eight rows of eight, or shades that are unknown.
        """
        rows = text.strip().replace("\n", "/").split("/")
        if len(rows) != SIDE or any(len(row) != SIDE for row in rows):
            raise RunError(
                f"{text!r} is no image of {SIDE} rows of {SIDE} shades each. Write the rows one after the other, "
                f"parted by '/', with shades from {_SHADES[0]!r} (dark) to {_SHADES[-1]!r} (bright)."
            )
        shades = torch.tensor([self.tokenizer.encode("".join(rows))])
        return interface.pick({"pixels": _pixels(shades)}, self.name)


def _pixels(shades: Tensor) -> Tensor:
    """Shades (B, 64) as brightness from 0 to 1, (B, 1, 8, 8)."""
    return (shades / (len(_SHADES) - 1)).view(-1, 1, SIDE, SIDE)


def _images(generator: Generator, count: int) -> tuple[Tensor, Tensor]:
    """Shades (count, 64) of shapes of any size, place and brightness before a noisy ground, and their classes."""

    def drawn(low: Tensor | int, high: Tensor | int) -> Tensor:
        chance = torch.rand(count, generator=generator)
        return (low + chance * (high - low)).long()

    classes, radius = drawn(0, 4), drawn(2, 4)
    middle = [drawn(radius, SIDE - radius)[:, None] for _ in "yx"]
    place = torch.arange(SIDE * SIDE)
    dy, dx = (place // SIDE - middle[0]).abs(), (place % SIDE - middle[1]).abs()  # (count, 64) each
    r = radius[:, None]
    inside = (dy <= r) & (dx <= r)
    looks = ((dy == r) | (dx == r), dy + dx == r, (dy == 0) | (dx == 0), dy == dx)
    shape = torch.stack(looks, 1)[torch.arange(count), classes] & inside  # (count, 64)
    ground = torch.randint(_NOISE, shape.shape, generator=generator)
    return drawn(_BRIGHT, len(_SHADES))[:, None].where(shape, ground), classes
