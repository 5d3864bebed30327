"""Models that fit a task, and those that do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import builder
from builder.document import Document
from builder.edits import SetSymbol
from builder.fit import check_fit, fitted, interface_of, misfit, suitable_task, wanted_sizes, why_none
from builder.run import create_run
from builder.templates import bert
from builder.templates.gallery import assembled
from engine.config import RunConfig
from engine.data import TASKS, Interface
from engine.errors import RunError
from engine.jobs import run_here


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


def test_an_image_model_takes_images_of_one_size_only() -> None:
    document = builder.templates.build("vit")  # 32 x 32

    with pytest.raises(RunError, match=r"image_size is 32\. Set image_size to 8\."):
        check_fit(document, "shapes")

    assert wanted_sizes(document, TASKS["shapes"]) == {"image_size": 8}
    check_fit(fitted(document, "shapes"), "shapes")


@pytest.mark.parametrize(
    ("template", "task"),
    [("gpt2", "reverse"), ("bert", "fill"), ("t5", "reverse"), ("classifier", "brackets"), ("vit", "")],
)
def test_the_task_that_suits_a_model_is_found_by_its_ends_and_sizes(template: str, task: str) -> None:
    assert suitable_task(builder.templates.build(template)) == task


@pytest.mark.parametrize("template", builder.templates.names())
def test_a_task_that_is_said_to_suit_a_model_can_train_it(template: str, tmp_path: Path) -> None:
    document = builder.templates.build(template)
    task = suitable_task(document) or suitable_task(fitted(document, "shapes"))
    config = RunConfig.suited(task, steps=1, batch_size=2, eval_size=2)

    folder = create_run(fitted(document, task), config, tmp_path)

    assert run_here(folder).state == "finished"


def test_where_no_task_fits_the_reason_is_told() -> None:
    assert "no logits" in why_none(assembled(bert.bert(bert.no_head)))
    assert "Choosing the task 'shapes' does that" in why_none(builder.templates.build("vit"))


@pytest.mark.parametrize("name", TASKS)
def test_a_typical_text_is_one_that_the_task_reads(name: str) -> None:
    task, both = TASKS[name], Interface.named("tokens", optional=["pixels"])
    if task.typical:
        assert task.read(task.typical, both)["tokens"].dtype == torch.int64


def test_no_text_is_loaded_to_see_whether_a_model_fits() -> None:
    code = """
import builder, builder.fit
from engine.data import shakespeare
builder.fit.why_none(builder.templates.build("vit"))
raise SystemExit(shakespeare.texts.cache_info().currsize)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_task_that_is_not_known_is_no_reason_to_fail() -> None:
    assert "echoes" in misfit(builder.templates.build("tiny"), "echoes")
