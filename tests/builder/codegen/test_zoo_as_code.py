"""Templates and every graph of the zoo that compiles, right or wrong, are the same as source without this project."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

import builder
from builder.document import Document
from engine.errors import CompileError
from tests.builder.codegen.generated import Answers, assert_trains_alike, in_a_fresh_process
from tests.builder.codegen.test_templates_as_code import small
from tests.builder.zoo.animals import ZOO
from tests.builder.zoo.right import RIGHT

DRAWINGS: dict[str, Callable[[], Document]] = {
    **{animal.name: animal.make for animal in ZOO},
    **{make.__name__: make for make in RIGHT},
}
IDLE = {"decoder_that_reads_its_own_target", "memory_unused", "encoder_that_leads_nowhere"}
"""A part of these leads nowhere: the compiled model runs it, and so draws random numbers; the source leaves it out."""
FILES = [*builder.templates.names(), *DRAWINGS]


def compiles(document: Document) -> bool:
    """Whether it can become a model."""
    try:
        builder.compile_document(document)
    except CompileError:
        return False
    return True


@pytest.fixture(scope="module")
def drawn() -> dict[str, Document]:
    return {**{name: small(name) for name in builder.templates.names()}, **{n: make() for n, make in DRAWINGS.items()}}


@pytest.fixture(scope="module")
def answers(drawn: dict[str, Document], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Answers, Answers]]:
    """What each gives in one process that has torch but not this project, and what it should."""
    built = {name: document for name, document in drawn.items() if compiles(document)}
    return in_a_fresh_process(built, tmp_path_factory.mktemp("fresh"))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_graph_is_the_same_as_source_in_a_process_without_this_project(
    name: str, drawn: dict[str, Document], answers: dict[str, tuple[Answers, Answers]]
) -> None:
    if name not in answers:
        with pytest.raises(CompileError):
            builder.generate_code(drawn[name])
        return

    got, expected = answers[name]

    got.check(expected, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in DRAWINGS if name not in IDLE])
def test_a_graph_as_source_trains_the_same_from_one_seed_dropout_and_all(name: str) -> None:
    document = DRAWINGS[name]()
    with suppress(CompileError):  # those that do not compile are tried above
        assert_trains_alike(document)


@pytest.mark.slow
def test_most_of_the_zoo_runs(answers: dict[str, tuple[Answers, Answers]]) -> None:
    running = [name for name, (_, expected) in answers.items() if not any(isinstance(g, str) for g in expected.given)]

    assert len(running) > 90
