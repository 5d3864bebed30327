"""Every wrong graph is caught where it is wrong; no right one is blamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from builder import templates
from builder.contracts import CONTRACTS, ContractResult, check_contracts
from builder.diagnostics import Diagnostic, Fix
from builder.document import Document
from builder.validate import validate
from tests.builder.zoo.animals import ZOO, Animal
from tests.builder.zoo.right import RIGHT


@dataclass(frozen=True)
class Findings:
    """What is found in a graph without being asked for: by rules, and by contracts if it can be built."""

    problems: tuple[Diagnostic, ...]
    contracts: tuple[ContractResult, ...]

    @classmethod
    def of(cls, document: Document, *, thorough: bool = False) -> Findings:
        """Look at everything that applies."""
        report = validate(document)
        return cls(report.diagnostics, check_contracts(document, thorough=thorough) if report.ok else ())

    @property
    def fixes(self) -> dict[tuple[str, str], tuple[Fix, ...]]:
        """Fixes of each problem and broken contract, by code and place."""
        return {(d.code, d.path): d.fixes for d in (*self.problems, *filter(lambda r: r.failed, self.contracts))}

    @property
    def wrong(self) -> set[str]:
        """Codes of all that is wrong."""
        return {code for code, _ in self.fixes}

    @property
    def kept(self) -> set[str]:
        """Codes of contracts that were tried and hold."""
        return {result.code for result in self.contracts if result.passed}

    @property
    def blamed(self) -> list[str]:
        """All that is said against it, waived or not."""
        broken = [f"{r.code} {r.path}: {r.detail}" for r in self.contracts if not r.passed]
        return [f"{d.code} {d.path}" for d in self.problems] + broken


@pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.name)
def test_a_wrong_graph_is_caught_at_the_right_place_and_the_fix_mends_it(animal: Animal) -> None:
    thorough = animal.code in CONTRACTS and CONTRACTS[animal.code].thorough
    before = Findings.of(animal.make(), thorough=thorough)

    assert (animal.code, animal.place) in before.fixes
    fixes = before.fixes[animal.code, animal.place]
    assert bool(fixes) == animal.mended
    for fix in fixes if animal.code in CONTRACTS else fixes[:1]:
        after = Findings.of(fix.edit.apply(animal.make()), thorough=thorough)
        assert (animal.code, animal.place) not in after.fixes
        assert not after.wrong & before.kept
        if animal.code in CONTRACTS:
            assert animal.code not in after.wrong
            assert {d.code for d in after.problems} <= before.wrong


def test_the_zoo_is_large_and_says_what_is_wrong_with_each() -> None:
    assert len(ZOO) >= 60
    assert len({animal.name for animal in ZOO}) == len(ZOO)
    assert all(animal.make.__doc__ for animal in ZOO)


@pytest.mark.parametrize("make", RIGHT, ids=lambda make: make.__name__)
def test_a_right_graph_is_not_blamed_and_learns_a_batch_by_heart(make: Callable[[], Document]) -> None:
    assert Findings.of(make(), thorough=True).blamed == []


@pytest.mark.parametrize("name", templates.names())
def test_a_template_is_not_blamed_and_learns_a_batch_by_heart(name: str) -> None:
    found = Findings.of(templates.build(name), thorough=True)

    assert found.blamed == []
    assert "C017" in found.kept


@pytest.mark.parametrize("heads", [1, 3, 12])
@pytest.mark.parametrize("layers", [1, 7, 96])
def test_a_template_of_odd_sizes_is_not_blamed(heads: int, layers: int) -> None:
    document = templates.build("gpt2", n_heads=heads, d_model=heads * 5, n_layers=layers, d_ff=23, vocab_size=101)

    assert Findings.of(document).blamed == []
