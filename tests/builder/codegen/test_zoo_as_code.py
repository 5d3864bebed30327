"""Every graph of the zoo that compiles, right or wrong, is the same as source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import builder
from builder.document import Document
from engine.errors import CompileError
from tests.builder.codegen.generated import (
    assert_equal,
    assert_same_in_a_fresh_process,
    inputs_of,
    loaded,
    outputs,
    shaken,
)
from tests.builder.zoo.animals import ZOO
from tests.builder.zoo.right import RIGHT

DRAWINGS: dict[str, Callable[[], Document]] = {
    **{animal.name: animal.make for animal in ZOO},
    **{make.__name__: make for make in RIGHT},
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_graph_of_the_zoo_is_the_same_as_source(name: str) -> None:
    document = DRAWINGS[name]()
    try:
        ours = builder.compile_document(document).eval()
    except CompileError:
        with pytest.raises(CompileError):
            builder.generate_code(document)
        return

    theirs = loaded(document).eval()

    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(shaken(ours).state_dict())
    with torch.no_grad():
        for optional in (True, False):
            inputs = inputs_of(document, optional=optional)
            try:
                expected = outputs(ours(**inputs))
            except (RuntimeError, ValueError):  # shapes that do not fit are refused by both
                with pytest.raises((RuntimeError, ValueError)):
                    theirs(**inputs)
                continue
            assert_equal(outputs(theirs(**inputs)), expected, name)


def runs(document: Document) -> bool:
    """Whether a graph compiles and its shapes fit."""
    try:
        builder.compile_document(document)(**inputs_of(document, optional=True))
    except (RuntimeError, ValueError):
        return False
    return True


@pytest.mark.slow
def test_the_zoo_as_source_needs_no_file_of_this_project(tmp_path: Path) -> None:
    documents = {name: make() for name, make in DRAWINGS.items()}

    running = {name: document for name, document in documents.items() if runs(document)}

    assert len(running) > 80
    assert_same_in_a_fresh_process(running, tmp_path)
