"""What stands in examples/ is true: graphs are what the builder makes, scripts run."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import builder
import engine

EXAMPLES = Path(__file__).parent.parent / "examples"


def load_script(name: str) -> ModuleType:
    """A script of examples/ as a module, its `main` not called."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_built_in_model_has_its_graph_among_the_examples() -> None:
    found = {path.stem for path in (EXAMPLES / "graphs").glob("*.json")}

    assert found == set(builder.templates.names())


@pytest.mark.parametrize("name", builder.templates.names())
def test_an_example_graph_is_well_formed_and_what_its_template_builds(name: str) -> None:
    document = builder.load(EXAMPLES / "graphs" / f"{name}.json")

    assert builder.validate(document).ok
    assert document == builder.templates.build(name)


@pytest.mark.slow
def test_the_script_trains_a_model_that_copies_by_looking_at_the_letter_to_copy() -> None:
    word, written, most = load_script("train_and_look").main(steps=150)

    assert written == word
    assert most > 1 / 6  # at the end of the word, a head that looks nowhere gives less to any letter


def test_the_script_uses_only_the_public_names() -> None:
    source = (EXAMPLES / "train_and_look.py").read_text(encoding="utf-8")

    assert len(source.splitlines()) < 40
    assert "from builder" not in source
    assert "from engine" not in source


def test_engine_says_which_public_module_it_lacks() -> None:
    with pytest.raises(AttributeError, match="interrogation"):
        _ = engine.interrogation  # type: ignore[attr-defined]
