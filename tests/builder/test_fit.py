"""Models that fit a task, and those that do not."""

from __future__ import annotations

import pytest

import builder
from builder.document import Document
from builder.edits import SetSymbol
from builder.fit import check_fit, fitted, interface_of, wanted_sizes
from builder.templates import bert
from builder.templates.gallery import assembled
from engine.data import TASKS
from engine.errors import RunError


def small(name: str = "gpt2", **sizes: int) -> Document:
    return builder.templates.build(name, **{"d_model": 8, "n_heads": 2, "n_layers": 1, **sizes})


@pytest.mark.parametrize("task", TASKS)
def test_every_template_a_task_names_fits_at_the_sizes_it_gives(task: str) -> None:
    for template in TASKS[task].templates:
        document = builder.templates.build(template, **TASKS[task].sizes(template))

        check_fit(document, task)

        assert wanted_sizes(document, TASKS[task]) == {}


def test_a_model_that_is_too_small_is_told_what_to_set() -> None:
    document = small(vocab_size=5, max_len=7)

    with pytest.raises(RunError, match="Set vocab_size to 29, max_len to 21"):
        check_fit(document, "reverse")


def test_fitting_raises_what_is_too_small_and_leaves_the_rest() -> None:
    document = fitted(small(vocab_size=5, max_len=100), "reverse")

    values = {symbol.name: symbol.value for symbol in document.main.symbols}
    assert (values["vocab_size"], values["max_len"], values["d_model"]) == (29, 100, 8)


def test_a_size_given_by_an_expression_counts_with_its_value() -> None:
    document = SetSymbol(name="max_len", value="2*vocab_size").apply(small(vocab_size=29, max_len=21))

    assert wanted_sizes(document, TASKS["reverse"]) == {}


def test_an_encoder_decoder_does_not_fit_a_task_of_tokens() -> None:
    with pytest.raises(RunError, match="'source'"):
        check_fit(small("transformer", vocab_size=100, max_len=100), "shakespeare")


def test_the_interface_knows_which_inputs_may_be_left_out() -> None:
    interface = interface_of(small("classifier"))

    assert "tokens" in interface.required
    assert "padding" in interface.names - interface.required


@pytest.mark.parametrize(("template", "task"), [("gpt2", "brackets"), ("classifier", "reverse")])
def test_a_model_with_the_head_of_another_task_is_refused_before_it_runs(template: str, task: str) -> None:
    document = fitted(small(template), task)

    with pytest.raises(RunError, match="wants logits"):
        check_fit(document, task)


def test_a_model_without_logits_is_refused_with_what_it_gives() -> None:
    document = assembled(bert.bert(bert.no_head))

    with pytest.raises(RunError, match="gives hidden but no logits"):
        check_fit(document, "fill")
