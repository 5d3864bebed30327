"""Accuracy, exact match and answers."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from engine.answers import answer, take_samples
from engine.channel import MemoryChannel
from engine.config import RunConfig
from engine.data import IGNORE, TASKS, Interface
from engine.data.sequences import SequenceTask
from engine.losses import logits_of
from engine.metrics import accuracy, evaluate, exact_match
from engine.training import Trainer
from tests.engine.models import TinyClassifier, TinyGPT, TinyPair

TARGETS = torch.tensor([[1, 2, IGNORE], [0, IGNORE, IGNORE]])
CPU = torch.device("cpu")


def one_hot(answers: list[list[int]]) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(answers), 4).float()


def test_accuracy_counts_only_what_is_asked() -> None:
    assert accuracy(one_hot([[1, 3, 3], [0, 1, 1]]), TARGETS).item() == pytest.approx(2 / 3)


def test_a_row_matches_only_if_all_of_it_is_right() -> None:
    assert exact_match(one_hot([[1, 2, 0], [3, 0, 0]]), TARGETS).item() == 0.5
    assert exact_match(one_hot([[1, 2, 0], [0, 0, 0]]), TARGETS).item() == 1.0


@pytest.mark.parametrize("model", [TinyGPT(), TinyPair()], ids=["decoder", "encoder-decoder"])
def test_exact_match_is_what_free_greedy_decoding_reaches(model: TinyGPT | TinyPair) -> None:
    task = TASKS["sort"]
    assert isinstance(task, SequenceTask)
    config = RunConfig.suited("sort", steps=60, lr=2e-2, warmup=1, eval_every=60)
    Trainer(model, config, MemoryChannel()).run()
    rows, lengths = task.draw("val", Generator().manual_seed(0), 40)
    texts = [task.tokenizer.decode(row[:n]) for row, n in zip(rows.tolist(), lengths.tolist(), strict=True)]
    batch = task.batch("val", Generator().manual_seed(0), 40, Interface.of(model))

    model.eval()
    claimed = exact_match(logits_of(model(**batch.inputs)), batch.targets).item()
    reached = sum(a == "".join(sorted(t)) for a, t in zip(answer(model, task, texts), texts, strict=True)) / 40

    assert claimed == pytest.approx(reached)


def test_evaluation_repeats_itself_and_leaves_chance_and_mode_alone() -> None:
    model = TinyGPT()
    before = torch.get_rng_state()

    first = evaluate(model, TASKS["reverse"], 16, CPU)
    second = evaluate(model, TASKS["reverse"], 16, CPU)

    assert first == second
    assert set(first) == {"val_loss", "val_accuracy", "exact_match"}
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)


def test_answers_come_in_the_order_of_the_texts_whatever_their_lengths() -> None:
    model, task = TinyPair(), TASKS["reverse"]
    texts = ["abcdef", "xyz", "hello", "abc"]

    together = answer(model, task, texts)

    assert together == [answer(model, task, [text])[0] for text in texts]


def test_a_classifier_answers_with_a_label() -> None:
    samples = take_samples(TinyClassifier(), TASKS["brackets"], 4)

    assert {sample.answer for sample in samples} <= {"wrong", "right"}
    assert [sample.input for sample in samples] == [e.text for e in TASKS["brackets"].examples(4)]
