"""The composites of the palette are ordinary, complete definitions."""

from __future__ import annotations

from itertools import combinations

import pytest

import builder
from builder.composites import LIBRARY
from builder.layout import sizes_of
from builder.library import needed
from engine.blocks import CATALOGUE
from tests.builder.small_models import alone, noise, shaken


@pytest.mark.parametrize("name", LIBRARY)
def test_a_composite_is_a_valid_model_of_its_own(name: str) -> None:
    report = builder.validate(alone(name))

    codes = {diagnostic.code for diagnostic in report.diagnostics}
    assert codes - {"R019"} == {"R017"}  # no logits, and its optional inputs are needed by parts of it


@pytest.mark.parametrize("name", LIBRARY)
def test_a_composite_is_documented(name: str) -> None:
    definition = LIBRARY[name]

    assert definition.title
    assert definition.about.endswith(".")
    assert definition.formula
    assert definition.paper
    assert all(symbol.setting.about.endswith(".") for symbol in definition.symbols)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_composite_is_made_of_known_kinds(name: str) -> None:
    kinds = {node.kind for d in needed(name, LIBRARY).values() for node in d.nodes.values()}

    assert kinds <= {"input", "output", *LIBRARY, *CATALOGUE}


@pytest.mark.parametrize("name", LIBRARY)
def test_nodes_of_a_composite_do_not_overlap(name: str) -> None:
    sizes = sizes_of(alone(name), LIBRARY[name])
    boxes = [(n.x, n.y, n.x + sizes[i].width, n.y + sizes[i].height) for i, n in LIBRARY[name].nodes.items()]

    assert all(a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1] for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh", "silu"])
def test_the_activation_of_a_feed_forward_is_a_choice(activation: str) -> None:
    model = builder.compile_document(alone("feed_forward", d_model=8, d_ff=16, activation=activation))

    assert model.get_submodule("act").config.function == activation


@pytest.mark.parametrize(("mask", "sees"), [("none", True), ("causal", False)])
def test_the_mask_of_a_decoder_block_is_a_choice(mask: str, sees: bool) -> None:
    sizes = {"d_model": 8, "n_heads": 2, "dropout": 0.0, "mask": mask}
    model = shaken(builder.compile_document(alone("gpt_block", **sizes)))
    x = noise(1, 5, 8)
    changed = x.clone()
    changed[:, 3:] += 1

    same = (model(x=x)[:, :3] == model(x=changed)[:, :3]).all().item()

    assert same is not sees
