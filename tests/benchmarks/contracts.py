"""How long it takes to try every contract of a model."""

from __future__ import annotations

from collections.abc import Iterator

from builder import templates
from builder.contracts import check_contracts
from tests.benchmarks.table import Row, best
from tests.builder.zoo.animals import ZOO

GOAL = 2.0  # seconds, by one thread
REPEATS = 3


def rows() -> Iterator[Row]:
    """Seconds for each template, for a model of GPT-3's size, and for the slowest wrong graph with its fixes."""
    for name in templates.names():
        document = templates.build(name)
        seconds = best(lambda document=document: check_contracts(document), REPEATS)  # type: ignore[misc]
        yield Row(what=f"contracts of {name}", value=seconds, unit="s", goal=GOAL)
    large = templates.build("gpt2", d_model=12_288, n_heads=96, n_layers=96, vocab_size=50_257, max_len=2_048)
    yield Row(
        what="contracts at 175 billion parameters",
        value=best(lambda: check_contracts(large), REPEATS),
        unit="s",
        goal=GOAL,
    )
    wrong = [animal.make() for animal in ZOO if animal.code.startswith("C")]
    slowest = max(best(lambda document=document: check_contracts(document), 1) for document in wrong)  # type: ignore[misc]
    yield Row(what="contracts of the slowest wrong graph, with fixes", value=slowest, unit="s", goal=GOAL)
