"""Shapes: images are what their labels say, and text and image are the same thing."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from engine.data import TASKS, Interface
from engine.data.shapes import SIDE, Shapes
from engine.errors import RunError

IMAGES = Interface.named("pixels")
PLUS = "/".join(["........", "....@...", "....@...", "..@@@@@.", "....@...", "....@...", "........", "........"])


def shapes() -> Shapes:
    task = TASKS["shapes"]
    assert isinstance(task, Shapes)
    return task


def bright(text: str) -> set[tuple[int, int]]:
    """Rows and columns of the pixels of a shape."""
    rows = enumerate(text.split("/"))
    return {(y, x) for y, row in rows for x, shade in enumerate(row) if shade in "*#%@"}


def drawn(label: str, y: int, x: int, r: int) -> set[tuple[int, int]]:
    """The pixels of a shape around (y, x), by its geometry."""
    square = {(i, j) for i in range(-r, r + 1) for j in range(-r, r + 1)}
    inside = {
        "square": {(i, j) for i, j in square if max(abs(i), abs(j)) == r},
        "diamond": {(i, j) for i, j in square if abs(i) + abs(j) == r},
        "plus": {(i, j) for i, j in square if i == 0 or j == 0},
        "cross": {(i, j) for i, j in square if abs(i) == abs(j)},
    }
    return {(y + i, x + j) for i, j in inside[label]}


def test_every_example_shows_what_it_is_labelled() -> None:
    for example in shapes().examples(60):
        seen = bright(example.text)
        places = [(y, x, r) for y in range(SIDE) for x in range(SIDE) for r in (2, 3)]

        assert any(seen == drawn(example.wanted, *place) for place in places), example


def test_all_labels_occur_about_equally_often() -> None:
    targets = shapes().batch("train", Generator().manual_seed(0), 2000, IMAGES).targets

    assert (targets.bincount(minlength=4).float() / 2000 - 0.25).abs().max() < 0.04


def test_no_held_out_image_is_trained_on() -> None:
    train, val = (shapes().draw(split, Generator().manual_seed(0), 1500)[0].tolist() for split in ("train", "val"))

    assert not {tuple(row) for row in train} & {tuple(row) for row in val}


def test_pixels_lie_between_dark_and_bright() -> None:
    pixels = shapes().batch("train", Generator().manual_seed(0), 50, IMAGES).inputs["pixels"]

    assert pixels.shape == (50, 1, SIDE, SIDE)
    assert pixels.dtype == torch.float32
    assert (pixels.min().item(), pixels.max().item()) == (0.0, 1.0)


@pytest.mark.parametrize("text", [PLUS, PLUS.replace("/", "\n"), f"\n{PLUS}\n"])
def test_a_drawn_image_is_read_row_by_row(text: str) -> None:
    pixels = shapes().read(text, IMAGES)["pixels"]

    assert pixels[0, 0, 3].tolist() == [0, 0, 1, 1, 1, 1, 1, 0]
    assert pixels[0, 0, :, 4].tolist() == [0, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("text", ["", PLUS[:-1], PLUS + "/........"])
def test_a_text_that_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="8 rows of 8 shades"):
        shapes().read(text, IMAGES)


def test_an_unknown_shade_is_refused_with_its_name() -> None:
    with pytest.raises(RunError, match="Character 'x'"):
        shapes().read(PLUS.replace("@", "x"), IMAGES)
