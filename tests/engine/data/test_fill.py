"""Filling in: what is hidden, what is asked, and how an answer is written."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn

from engine.answers import answer
from engine.data import IGNORE, TASKS, Batch, Interface
from engine.data.shakespeare import texts
from engine.errors import RunError

FILL = TASKS["fill"]
LINE = Interface.named("tokens")


def draw(size: int = 400) -> Batch:
    return FILL.batch("train", Generator().manual_seed(3), size, LINE)


def test_what_is_asked_for_is_mostly_hidden_and_sometimes_kept_or_wrong() -> None:
    batch = draw()
    tokens, asked = batch.inputs["tokens"], batch.targets != IGNORE

    hidden = (tokens == FILL.blank)[asked].float().mean().item()
    kept = (tokens == batch.targets)[asked].float().mean().item()

    assert 0.14 < asked.float().mean() < 0.16
    assert 0.78 < hidden < 0.82
    assert 0.08 < kept < 0.14  # a few wrong ones are right by chance


def test_what_is_not_asked_for_is_as_it_was() -> None:
    batch = draw(20)
    tokens, asked = batch.inputs["tokens"], batch.targets != IGNORE
    text = FILL.tokenizer.decode(texts()["train"].tolist())

    whole = batch.targets.where(asked, tokens)

    assert all(FILL.tokenizer.decode(row) in text for row in whole.tolist())
    assert not (tokens == FILL.blank)[~asked].any()


def test_every_piece_is_asked_for_something() -> None:
    assert (draw().targets != IGNORE).any(1).all()


def test_examples_are_held_out_and_only_letters_are_hidden() -> None:
    held_out = FILL.tokenizer.decode(texts()["val"].tolist())

    for example in FILL.examples(10):
        pairs = list(zip(example.text, example.wanted, strict=True))
        assert example.wanted in held_out
        assert "_" in example.text
        assert all(seen == was or (seen == "_" and was.isalpha()) for seen, was in pairs)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(RunError, match="33 characters; task 'fill' takes 1 to 32"):
        FILL.read("a" * 33, LINE)


class SaysE(nn.Module):
    """Thinks that every character is an e."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(FILL.tokenizer.vocab_size))
        (self.e,) = FILL.tokenizer.encode("e")

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) to (B, T, V)."""
        one = torch.zeros_like(self.logits)
        one[self.e] = 1
        return (self.logits + one).expand(*tokens.shape, -1)


def test_an_answer_is_the_text_with_its_blanks_filled_and_nothing_else_changed() -> None:
    assert answer(SaysE(), FILL, ["th_ k_ng", "noth_ng", "as it is"]) == ["the keng", "notheng", "as it is"]
