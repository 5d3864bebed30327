"""Brackets against an independent definition of matching."""

from __future__ import annotations

import itertools
import re

import pytest
import torch
from torch import Generator

from engine.data import TASKS, Interface
from engine.data.brackets import matches
from engine.errors import RunError


def balanced(text: str) -> bool:
    """Take out `()` until nothing changes: an independent definition."""
    while "()" in text:
        text = text.replace("()", "")
    return not text


def test_matching_agrees_with_taking_out_pairs_for_every_row_of_six() -> None:
    rows = torch.tensor(list(itertools.product([1, 2], repeat=6)))

    found = matches(rows).tolist()

    texts = ["".join("_()"[i] for i in row) for row in rows.tolist()]
    assert found == [balanced(text) for text in texts]
    assert sum(found) == 5  # the third Catalan number


def test_about_half_of_the_rows_match_and_labels_are_right() -> None:
    task = TASKS["brackets"]
    interface = Interface.named("tokens", "padding")

    batch = task.batch("train", Generator().manual_seed(0), 2000, interface)

    texts = [task.tokenizer.decode(row).rstrip("_") for row in batch.inputs["tokens"].tolist()]
    assert batch.targets.tolist() == [int(balanced(text)) for text in texts]
    assert 0.4 < batch.targets.float().mean() < 0.6
    assert batch.inputs["padding"].sum(1).tolist() == [len(text) for text in texts]
    assert all(re.fullmatch(r"[()]{4,16}", text) for text in texts)


def test_examples_name_the_right_label() -> None:
    for example in TASKS["brackets"].examples(20):
        assert example.wanted == ("right" if balanced(example.text) else "wrong")


def test_a_row_that_is_too_long_or_empty_is_refused() -> None:
    for text, length in (("()" * 9, 18), (" ", 0)):
        with pytest.raises(RunError, match=f"{length} brackets; task 'brackets' takes 1 to 16"):
            TASKS["brackets"].read(text, Interface.named("tokens"))
