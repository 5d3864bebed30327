"""The gallery: each template is a valid model with the sizes it is given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import builder
from builder.document import Definition
from builder.templates import TEMPLATES, Template, build, names
from builder.values import known_scope
from engine.channel import MemoryChannel
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import ExpressionError, SettingError, UnknownNameError
from engine.messages import StepDone
from engine.training import Trainer, seed_everything
from tests.builder.small_models import SIZES, inputs_of

TINY = [name for name in names() if name.startswith("tiny")]


@pytest.mark.parametrize("name", names())
def test_a_template_is_valid_as_it_comes(name: str) -> None:
    report = builder.validate(build(name))

    assert report.diagnostics == ()


@pytest.mark.parametrize("name", names())
def test_a_template_says_what_it_is(name: str) -> None:
    template = TEMPLATES[name]

    assert template.title
    assert template.about.endswith(".")
    assert template.paper


@pytest.mark.parametrize("name", names())
def test_the_root_of_a_template_says_what_it_is_and_keeps_it_in_a_file(name: str, tmp_path: Path) -> None:
    document = build(name)
    builder.save(document, tmp_path / "graph.json")

    root = builder.load(tmp_path / "graph.json").main

    assert (root.about, root.formula, root.paper) == (
        document.main.about,
        document.main.formula,
        document.main.paper,
    )
    assert len(root.about) > 100
    assert root.about.endswith(".")
    assert " = " in root.formula
    assert root.paper


def test_a_root_that_says_nothing_says_what_the_gallery_says(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = partial(Definition.make, "model", "Model")
    plain = Template(name="plain", title="Plain", about="A plain model.", paper="Nobody, 2026", make=silent)
    monkeypatch.setitem(TEMPLATES._items, "plain", plain)

    root = build("plain").main

    assert (root.about, root.paper) == ("A plain model.", "Nobody, 2026")


@pytest.mark.parametrize(("task", "name"), [(t.name, name) for t in TASKS.values() for name in t.templates])
def test_a_template_can_be_sized_for_each_task_that_names_it(task: str, name: str) -> None:
    document = build(name, **TASKS[task].sizes(name))

    assert builder.validate(document).ok


@pytest.mark.parametrize("name", TINY)
def test_a_tiny_template_has_the_sizes_of_its_task(name: str) -> None:
    document = build(name)

    sizes = TASKS[document.task].sizes(name)

    values = known_scope(document.main)
    assert name in TASKS[document.task].templates
    assert {symbol: values[symbol] for symbol in sizes} == sizes


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_a_tiny_template_learns_its_task_in_seconds(name: str) -> None:
    document, channel = build(name), MemoryChannel()
    config = RunConfig.suited(document.task, steps=40, warmup=10, batch_size=32, eval_size=32)
    seed_everything(0)

    Trainer(builder.compile_document(document), config, channel).run()

    losses = [event.metrics["loss"] for event in channel.events if isinstance(event, StepDone)]
    assert sum(losses[-5:]) / 5 < 0.85 * losses[0]


def test_symbols_take_numbers_and_expressions() -> None:
    document = build("gpt2", d_model=64, d_ff="2*d_model")

    model = builder.compile_document(document)

    assert model.get_parameter("blocks.0.ffn.up.weight").shape == (128, 64)


def test_one_symbol_resizes_the_whole_model() -> None:
    document = build("transformer", **SIZES)
    wider = [replace(s, value=16 if s.name == "d_model" else s.value) for s in document.main.symbols]
    document = document.with_definition(document.main.with_symbols(wider))

    logits = builder.compile_document(document)(**inputs_of("transformer"))

    assert logits.shape == (3, 7, SIZES["vocab_size"])


def test_build_names_the_closest_template() -> None:
    with pytest.raises(UnknownNameError, match=r"No template is called 'gtp2'. Did you mean 'gpt2'"):
        build("gtp2")


def test_build_names_the_closest_symbol() -> None:
    with pytest.raises(UnknownNameError, match=r"no symbol 'd_modle'. Did you mean 'd_model'"):
        build("gpt2", d_modle=3)


def test_build_refuses_a_value_out_of_range() -> None:
    with pytest.raises(SettingError, match="n_layers is 0, but must"):
        build("gpt2", n_layers=0)


def test_build_refuses_an_expression_without_a_value() -> None:
    with pytest.raises(ExpressionError, match="d_mdel"):
        build("gpt2", d_ff="4*d_mdel")


@pytest.mark.parametrize("name", ["tiny", "gpt2"])
def test_at_the_start_all_tokens_are_about_equally_likely(name: str) -> None:
    document = build(name)
    model = builder.compile_document(document).eval()
    (vocabulary,) = (s.value for s in document.main.symbols if s.name == "vocab_size")
    ids = torch.randint(0, int(vocabulary), (8, 16), generator=torch.Generator().manual_seed(0))
    shuffled = ids[:, torch.randperm(16, generator=torch.Generator().manual_seed(1))]

    loss = torch.nn.functional.cross_entropy(model(tokens=ids).flatten(0, 1), shuffled.flatten())

    assert abs(loss.item() - torch.tensor(float(vocabulary)).log().item()) < 0.3


def test_parameters_of_gpt2_are_as_many_as_the_paper_says() -> None:
    sizes = {"vocab_size": 50257, "max_len": 1024, "d_model": 768, "n_heads": 12, "n_layers": 12}

    with torch.device("meta"):
        model = builder.compile_document(build("gpt2", **sizes))

    assert sum(p.numel() for p in model.parameters()) == 124_439_808
