"""Every wrong graph is caught where it is wrong; no right one is blamed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builder import templates
from builder.contracts import check_contracts
from builder.diagnostics import Fix
from builder.document import Document
from builder.validate import validate
from tests.builder.zoo.animals import ZOO, Animal
from tests.builder.zoo.right import RIGHT


def found(document: Document, code: str) -> dict[tuple[str, str], tuple[Fix, ...]]:
    """Fixes of each problem with that code, by code and place."""
    if code.startswith("C"):
        return {(r.code, r.path): r.fixes for r in check_contracts(document, only=[code]) if r.failed}
    return {(d.code, d.path): d.fixes for d in validate(document).diagnostics if d.code == code}


@pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.name)
def test_a_wrong_graph_is_caught_at_the_right_place_and_the_fix_mends_it(animal: Animal) -> None:
    problems = found(animal.make(), animal.code)

    assert (animal.code, animal.place) in problems
    fixes = problems[animal.code, animal.place]
    assert bool(fixes) == animal.mended
    if fixes and animal.code.startswith("C"):
        assert not found(fixes[0].edit.apply(animal.make()), animal.code)


def test_the_zoo_is_large_and_says_what_is_wrong_with_each() -> None:
    assert len(ZOO) >= 60
    assert len({animal.name for animal in ZOO}) == len(ZOO)
    assert all(animal.make.__doc__ for animal in ZOO)


def blamed(document: Document) -> list[str]:
    """All problems and broken contracts of a graph."""
    problems = [f"{d.code} {d.path}" for d in validate(document).diagnostics]
    return problems + [f"{r.code} {r.path}: {r.detail}" for r in check_contracts(document) if not r.passed]


@pytest.mark.parametrize("make", RIGHT, ids=lambda make: make.__name__)
def test_a_right_graph_is_not_blamed(make: Callable[[], Document]) -> None:
    assert blamed(make()) == []


@pytest.mark.parametrize("name", templates.names())
def test_a_template_is_not_blamed(name: str) -> None:
    assert blamed(templates.build(name)) == []


@pytest.mark.parametrize("heads", [1, 3, 12])
@pytest.mark.parametrize("layers", [1, 7, 96])
def test_a_template_of_odd_sizes_is_not_blamed(heads: int, layers: int) -> None:
    document = templates.build("gpt2", n_heads=heads, d_model=heads * 5, n_layers=layers, d_ff=23, vocab_size=101)

    assert blamed(document) == []
