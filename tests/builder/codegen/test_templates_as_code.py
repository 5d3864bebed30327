"""Every template as source: the same keys and answers, also in a process without this project; formatted and clean."""

from __future__ import annotations

import pytest

import builder
from builder.document import Document
from tests.builder.codegen.generated import as_module, assert_same, assert_trains_alike

TINY = {"d_model": 8, "n_heads": 2, "n_layers": 2, "n_kv_heads": 1, "vocab_size": 11, "max_len": 9, "d_ff": 12}


def small(name: str) -> Document:
    """A template at sizes that cost nothing."""
    known = {symbol.name for symbol in builder.templates.build(name).main.symbols}
    return builder.templates.build(name, **{key: value for key, value in TINY.items() if key in known})


@pytest.mark.parametrize("name", builder.templates.names())
def test_a_template_as_source_has_the_same_keys_and_the_same_answers(name: str) -> None:
    assert_same(small(name))


@pytest.mark.parametrize("name", builder.templates.names())
def test_a_template_as_source_trains_the_same_from_one_seed_dropout_and_all(name: str) -> None:
    assert_trains_alike(small(name))


def test_a_deep_model_is_as_short_as_a_shallow_one() -> None:
    shallow, deep = (builder.generate_code(builder.templates.build("gpt2", n_layers=n)) for n in (1, 96))

    assert len(shallow.splitlines()) == len(deep.splitlines())


def test_other_sizes_can_be_asked_of_the_generated_source() -> None:
    module = as_module(small("gpt2"))

    model = module.build_model(module.Config(d_model=16, n_layers=3))

    assert model.blocks[2].ffn.up.weight.shape == (12, 16)
