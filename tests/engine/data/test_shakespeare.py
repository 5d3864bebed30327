"""The plays: real text, cleanly split."""

from __future__ import annotations

import torch
from torch import Generator

from engine.data import TASKS, Interface
from engine.data.shakespeare import Shakespeare, texts

TASK = TASKS["shakespeare"]


def plays() -> Shakespeare:
    assert isinstance(TASK, Shakespeare)
    return TASK


def test_the_text_is_that_of_the_plays_without_markdown() -> None:
    text = plays().tokenizer.decode(texts()["train"].tolist())

    assert "To be, or not to be: that is the question" in text
    assert "HAMLET\n" in text
    assert not set("*_#[]") & set(text)
    assert len(text) > 4_000_000


def test_validation_text_is_a_tenth_that_training_never_sees() -> None:
    train, val = texts()["train"], texts()["val"]
    decode = plays().tokenizer.decode
    trained = decode(train.tolist())

    share = len(val) / (len(train) + len(val))
    pieces = [decode(val[at : at + 60].tolist()) for at in range(1000, 200_000, 20_000)]

    assert abs(share - 0.1) < 0.001
    assert not [piece for piece in pieces if piece in trained]


def test_targets_are_the_next_characters() -> None:
    batch = TASK.batch("train", Generator().manual_seed(0), 4, Interface.named("tokens"))

    assert batch.inputs["tokens"].shape == (4, TASK.max_len)
    assert torch.equal(batch.inputs["tokens"][:, 1:], batch.targets[:, :-1])


def test_a_long_text_is_read_from_its_end() -> None:
    ids = TASK.read("x" * 100 + "end", Interface.named("tokens"))["tokens"]

    assert ids.shape == (1, TASK.max_len)
    assert TASK.tokenizer.decode(ids[0].tolist()).endswith("xend")
