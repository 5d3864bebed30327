"""How many parts a model becomes is known, and limited, before anything is unfolded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from builder import limits, sizes, templates
from builder.codegen import generate_code
from builder.codegen.units import Units
from builder.compile import compile_document, recipe_of
from builder.contracts import check_contracts
from builder.document import Document
from builder.edits import SetSetting
from builder.levels import Level
from builder.recipes import Layers, Leaf, Part
from builder.unfolding import unfolded
from engine.errors import CompileError
from tests.builder.unfolding import unfolding, varied


def total(document: Document) -> int:
    return sum(unfolded(document).parts.values())


def counted(monkeypatch: pytest.MonkeyPatch, place: object, name: str) -> list[object]:
    """Grows by one with each call of a function, which goes on as before."""
    calls: list[object] = []
    real = getattr(place, name)

    def call(*args: object) -> object:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(place, name, call)
    return calls


def built(part: Part) -> int:
    """The parts that are made of a recipe."""
    if isinstance(part, Leaf):
        return 1
    return sum(map(built, part.layers)) if isinstance(part, Layers) else 1 + sum(map(built, part.parts.values()))


@pytest.mark.parametrize("name", templates.names())
def test_as_many_parts_are_counted_as_are_built(name: str) -> None:
    model = templates.build(name)

    assert total(model) == built(recipe_of(model)) - 1


@pytest.mark.parametrize("make", [lambda: unfolding(levels=4, width=3), lambda: varied(levels=3, ways=4)])
def test_composites_within_composites_are_counted_in_every_use(make: Callable[[], Document]) -> None:
    assert total(make()) == built(recipe_of(make())) - 1


def test_layers_of_their_own_are_counted_once_each() -> None:
    model = templates.build("gpt2")
    odd = SetSetting(node="blocks", name="n_heads", layer=1, value=1).apply(model)

    assert total(odd) == total(model)
    assert unfolded(odd).uses > unfolded(model).uses


def test_a_composite_that_holds_itself_is_counted_to_an_end() -> None:
    model = varied(levels=3, ways=2)
    inner = model.definitions["part_2"]
    circle = model.with_definition(inner.with_nodes({"n0": replace(inner.nodes["n0"], kind="part_0")}))

    assert total(circle) < limits.MAX_PARTS


def test_the_deepest_models_there_are_may_be_built() -> None:
    deep = templates.build("gpt2", n_layers=1_000, d_model=8, n_heads=2)

    assert unfolded(deep).problem == ""
    assert total(deep) > 10_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: unfolding(levels=11, width=4), "unfolds to 9,786,708 parts"),
        (lambda: varied(levels=9, ways=3), "more than 5,000 different settings"),
    ],
)
@pytest.mark.parametrize("build", [compile_document, generate_code, check_contracts])
def test_a_model_that_unfolds_too_far_is_refused_before_anything_is_unfolded(
    make: Callable[[], Document], words: str, build: Callable[[Document], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(_: Level) -> None:
        raise AssertionError("It was begun.")

    monkeypatch.setattr(Level, "recipe", begin)

    with pytest.raises(CompileError, match=words):
        build(make())


def test_parameters_of_a_model_in_too_many_ways_are_counted_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = counted(monkeypatch, sizes, "_node")

    sizes.parameters_of(varied(levels=9, ways=3))

    assert len(looks) <= 4 * limits.MAX_USES


def test_generated_code_looks_at_each_composite_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = counted(monkeypatch, Units, "of")
    model = unfolding(levels=7, width=4)

    source = generate_code(model)

    assert source.count("class Part") == 28
    assert len(looks) <= 4 * sum(len(definition.nodes) for definition in model.definitions.values())
