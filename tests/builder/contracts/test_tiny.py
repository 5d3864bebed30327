"""The small copy: smaller, with the same names, and as well-formed as the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder import templates
from builder.contracts.tiny import copy_of
from builder.document import Document, Promise
from builder.paths import steps
from builder.sizes import parameters_of
from builder.validate import validate
from tests.builder.zoo.base import changed, gpt, setting


@pytest.mark.parametrize("name", templates.names())
def test_a_copy_of_a_template_is_small_and_well_formed(name: str) -> None:
    document = templates.build(name)

    copy = copy_of(document).document

    assert validate(copy).ok
    assert parameters_of(copy) < 60_000
    assert copy.definitions.keys() == document.definitions.keys()
    assert all(copy.definitions[d].nodes.keys() == document.definitions[d].nodes.keys() for d in copy.definitions)


def test_a_model_of_a_thousand_wide_layers_becomes_small() -> None:
    large = templates.build("gpt2", d_model=12_288, n_heads=96, n_layers=96, vocab_size=50_257, max_len=2_048)

    assert parameters_of(large) > 10**11
    assert copy_of(large).small


def test_groups_of_queries_stay_groups() -> None:
    copy = copy_of(templates.build("llama", d_model=4096, n_heads=32, n_kv_heads=8)).document

    sizes = {symbol.name: symbol.value for symbol in copy.main.symbols}
    assert (sizes["n_heads"], sizes["n_kv_heads"]) == (8, 2)


def with_layers(document: Document, **changes: object) -> Document:
    blocks = document.main.nodes["blocks"]
    return changed(document, "model", nodes={"blocks": replace(blocks, **changes)})  # type: ignore[arg-type]


def test_layers_that_differ_are_kept_and_know_which_they_were() -> None:
    copy = copy_of(with_layers(gpt(n_layers=9), overrides={6: {"mask": "none"}, 7: {"mask": "none"}}))

    blocks = copy.document.main.nodes["blocks"]
    assert blocks.overrides == {1: {"mask": "none"}} or blocks.overrides == {2: {"mask": "none"}}
    index = next(iter(blocks.overrides))
    assert copy.layer("model", "blocks", index) in (6, 7)
    assert copy.layer("model", "blocks", 0) == 0


def test_ties_of_layers_lead_through_the_layers_that_are_kept() -> None:
    tie = ("blocks.7.ffn.up.weight", "blocks.3.ffn.up.weight")
    document = replace(gpt(n_layers=9), ties=(tie,), promises=(Promise(code="C010"),))

    copy = copy_of(document).document

    assert len(copy.ties) == 1
    assert all(steps(copy, path) for path in copy.ties[0])
    assert copy.ties[0][0] != copy.ties[0][1]


def test_long_windows_become_short_and_a_prefix_without_end_stays() -> None:
    copy = copy_of(setting(gpt(), "multi_head_attention", "core", window=512, prefix=24)).document

    core = copy.definitions["multi_head_attention"].nodes["core"].settings
    assert core["window"] == 3
    assert core["prefix"] == 24


def test_a_size_that_stands_as_a_number_makes_the_copy_less_small() -> None:
    document = setting(gpt(d_model=48, n_heads=4), "feed_forward", "up", d_in=48)

    copy = copy_of(document)

    assert validate(document).ok
    assert validate(copy.document).ok
    assert {s.name: s.value for s in copy.document.main.symbols}["d_model"] == 48
