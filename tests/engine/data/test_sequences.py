"""Sequence tasks: both forms, splits, sizes, and a user's text."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from engine.data import IGNORE, TASKS, Batch, Interface
from engine.data.sequences import SequenceTask
from engine.errors import RunError

LINE = Interface.named("tokens")
PAIR = Interface.named("source", "target", optional=["source_padding", "padding"])
PIXELS = Interface.named("pixels")
SOLUTIONS = {"reverse": lambda text: text[::-1], "sort": lambda text: "".join(sorted(text))}


def draw(name: str, interface: Interface, split: str = "train", size: int = 50) -> Batch:
    return TASKS[name].batch(split, Generator().manual_seed(3), size, interface)  # type: ignore[arg-type]


def interface(task: str, template: str = "") -> Interface:
    """What the models of a task take."""
    if task == "shapes":
        return PIXELS
    return PAIR if template.removeprefix("tiny_") in ("transformer", "t5") else LINE


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_decoder_is_asked_for_the_answer_after_the_mark_and_for_nothing_else(name: str) -> None:
    batch, decode = draw(name, LINE), TASKS[name].tokenizer.decode

    for row, targets in zip(batch.inputs["tokens"].tolist(), batch.targets.tolist(), strict=True):
        line = decode(row).rstrip("_")
        question, _, rest = line.partition(">")
        asked = [i for i, target in enumerate(targets) if target != IGNORE]
        answer = SOLUTIONS[name](question)
        assert decode(targets[i] for i in asked) == answer + "."
        assert rest.rstrip(".") == answer
        assert asked[0] == len(question)


@pytest.mark.parametrize("name", SOLUTIONS)
def test_an_encoder_decoder_reads_the_question_and_continues_the_mark(name: str) -> None:
    batch, decode = draw(name, PAIR), TASKS[name].tokenizer.decode

    inputs = batch.inputs
    for i, targets in enumerate(batch.targets.tolist()):
        question = decode(inputs["source"][i].tolist()).rstrip("_")
        answer = SOLUTIONS[name](question)
        assert decode(inputs["target"][i].tolist()).rstrip("_") == ">" + answer
        assert decode(t for t in targets if t != IGNORE) == answer + "."
        assert inputs["source_padding"][i].sum() == len(question)
        assert inputs["padding"][i].sum() == len(question) + 1


@pytest.mark.parametrize("name", [*SOLUTIONS, "brackets"])
def test_no_validation_row_is_ever_trained_on(name: str) -> None:
    trained = {tuple(row) for row in draw(name, LINE, "train", 4000).inputs["tokens"].tolist()}

    held_out = {tuple(row) for row in draw(name, LINE, "val", 1000).inputs["tokens"].tolist()}

    assert not trained & held_out


@pytest.mark.parametrize("name", TASKS)
def test_the_same_generator_draws_the_same_batch_and_goes_on_to_another(name: str) -> None:
    one, two = Generator().manual_seed(5), Generator().manual_seed(5)

    taken = interface(name)
    (port,) = taken.names

    first = TASKS[name].batch("train", one, 8, taken)
    again = TASKS[name].batch("train", two, 8, taken)
    second = TASKS[name].batch("train", one, 8, taken)

    assert torch.equal(first.inputs[port], again.inputs[port])
    assert not torch.equal(first.inputs[port], second.inputs[port])


@pytest.mark.parametrize("name", [name for name in TASKS if name != "shapes"])
def test_ids_and_lengths_stay_within_the_sizes_a_task_asks_of_a_model(name: str) -> None:
    task = TASKS[name]

    for template in task.templates:
        sizes = task.sizes(template)
        batch = draw(name, interface(name, template))
        ids = [t for t in batch.inputs.values() if t.dtype == torch.int64]
        assert max(int(t.max()) for t in ids) < sizes["vocab_size"]
        assert max(t.shape[1] for t in ids) <= sizes["max_len"]


@pytest.mark.parametrize("name", TASKS)
def test_examples_are_the_same_each_time_however_many_are_wanted(name: str) -> None:
    task = TASKS[name]

    assert task.examples(2) == task.examples(5)[:2] or name == "shakespeare"
    assert task.examples(5) == task.examples(5)
    assert len(task.examples(5)) == 5


def test_all_lengths_of_a_question_occur() -> None:
    task = TASKS["reverse"]
    assert isinstance(task, SequenceTask)

    _, lengths = task.draw("train", Generator().manual_seed(0), 500)

    assert set(lengths.tolist()) == set(range(task.shortest, task.longest + 1))


def test_a_user_s_text_is_read_with_or_without_the_beginning_of_an_answer() -> None:
    task = TASKS["reverse"]

    ids = task.read("abc", LINE)["tokens"]
    begun = task.read("abc>c", PAIR)

    assert task.tokenizer.decode(ids[0].tolist()) == "abc>"
    assert task.tokenizer.decode(begun["source"][0].tolist()) == "abc"
    assert task.tokenizer.decode(begun["target"][0].tolist()) == ">c"


@pytest.mark.parametrize("text", ["", ">", "abcdefghijklm", "ab>" + "a" * 11])
def test_a_text_of_the_wrong_length_is_refused_with_the_limits(text: str) -> None:
    with pytest.raises(RunError, match="takes 1 to 10"):
        TASKS["reverse"].read(text, LINE)


def test_an_unknown_character_is_refused_with_its_place() -> None:
    with pytest.raises(RunError, match="'Z' at place 2"):
        TASKS["reverse"].read("aZ", LINE)


def test_a_model_with_an_input_that_the_task_does_not_have_is_refused() -> None:
    with pytest.raises(RunError, match="'segments'"):
        draw("reverse", Interface.named("tokens", "segments"))


def test_a_task_names_the_templates_it_fits_when_asked_for_another() -> None:
    with pytest.raises(RunError, match="Did you mean 'gpt2'"):
        TASKS["reverse"].sizes("gpt3")
