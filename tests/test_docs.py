"""Nothing public is left without words, and the README's commands run."""

from __future__ import annotations

import argparse
import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch

import builder
import engine.blocks  # noqa: F401  (declares the blocks)
from builder.assemble import Sketch
from builder.cli import parser
from builder.composites import LIBRARY
from builder.contracts import CONTRACTS
from builder.document import Document
from builder.rules import RULES
from engine.blocks.spec import CATALOGUE
from tests.builder.zoo.animals import ZOO
from views.commands import COMMANDS

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LAYERS = ("engine", "builder", "views")


@pytest.mark.parametrize("kind", list(CATALOGUE))
def test_every_block_says_what_it_does_computes_and_where_it_comes_from(kind: str) -> None:
    spec = CATALOGUE[kind]

    assert len(spec.about) > 20
    assert spec.formula
    assert spec.paper
    assert all(len(field.setting.about) > 5 for field in spec.config.fields())


@pytest.mark.parametrize("name", list(LIBRARY))
def test_every_composite_says_what_it_does_and_explains_its_settings(name: str) -> None:
    definition = LIBRARY[name]

    assert len(definition.about) > 20
    assert definition.paper
    assert all(len(symbol.setting.about) > 5 for symbol in definition.symbols)


def test_every_rule_has_a_title_and_a_reason() -> None:
    assert all(rule.title and len(rule.why) > 20 for rule in RULES.values())


def test_every_contract_has_a_name_and_a_reason() -> None:
    assert all(contract.name and len(contract.why) > 60 for contract in CONTRACTS.values())


def test_every_contract_is_broken_by_a_graph_of_the_zoo() -> None:
    unbreakable = {"C000", "C004", "C015"}  # by blocks of our own; tests make blocks that break them

    assert set(CONTRACTS) - {animal.code for animal in ZOO} == unbreakable


def test_every_command_has_its_own_id_words_and_shortcut() -> None:
    ids = [command.id for command in COMMANDS]
    keys = [command.keys for command in COMMANDS if command.keys]

    assert len(ids) == len(set(ids))
    assert len(keys) == len(set(keys))
    assert all(command.label for command in COMMANDS)


def test_every_verb_of_the_command_line_has_help_and_stands_in_the_readme() -> None:
    (verbs,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    helps = {choice.dest: choice.help for choice in verbs._choices_actions}

    assert set(helps) == set(verbs.choices)
    for verb, text in helps.items():
        assert text, f"`stepwise {verb}` has no help."
        assert f"stepwise {verb}" in README, f"`stepwise {verb}` is not in the README."


def test_everything_public_has_a_docstring() -> None:
    bare = []
    for path in [p for layer in LAYERS for p in (ROOT / layer).rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        named = [n for n in ast.walk(tree) if isinstance(n, kinds)]
        public = [n for n in named if not n.name.startswith("_")]
        inner = {c for n in named if not isinstance(n, ast.ClassDef) for c in ast.walk(n) if c is not n}
        bare += [f"{path.name}:{n.name}" for n in public if n not in inner and not ast.get_docstring(n)]

    assert not bare


def test_the_readme_is_short_and_names_every_file() -> None:
    assert len(README.splitlines()) <= 150
    for path in [p for layer in LAYERS for p in (ROOT / layer).glob("*.py") if p.name != "__init__.py"]:
        assert re.search(rf"\b{path.stem}\b", README), f"{path.relative_to(ROOT)} is not in the README's tree."


def test_the_block_of_the_contributing_guide_works(tmp_path: Path, scale: str) -> None:
    code = re.search(r"```python\n(.*?)```", CONTRIBUTING, flags=re.DOTALL)
    assert code
    run_as_module(tmp_path / "scale_block.py", code.group(1).replace('"scale"', f'"{scale}"'))
    sketch = Sketch("model", "Model")
    sketch.input("x", "B T 3", (0, 0))
    sketch.add("twice", scale, "x", (1, 0), by=2.0)
    sketch.output("y", "twice", "B T 3", (2, 0))
    document = Document(definitions={"model": sketch.done()}, root="model", name="Model")

    y = builder.compile_document(document)(x=torch.ones(1, 2, 3))

    assert [d.message for d in builder.validate(document).diagnostics if d.severity == "error"] == []
    assert torch.equal(y, torch.full((1, 2, 3), 2.0))


@pytest.fixture
def scale() -> Iterator[str]:
    """A name for a block, free again after the test."""
    name = "scale_of_the_guide"
    yield name
    CATALOGUE._items.pop(name, None)


def run_as_module(path: Path, source: str) -> None:
    path.write_text(source, encoding="utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    spec.loader.exec_module(module_from_spec(spec))


def readme_commands() -> list[str]:
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_readme_s_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [line.split()[1] for line in readme_commands() if line.startswith("make ")]

    assert {"serve", "test", "bench"} <= set(targets)
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


@pytest.mark.slow
def test_the_readme_s_commands_run(tmp_path: Path) -> None:
    commands = [line for line in readme_commands() if line.startswith("stepwise ")]
    environment = {**os.environ, "STEPWISE_HOME": str(tmp_path / "artifacts"), "PYTHONPATH": str(ROOT)}

    assert commands
    for line in commands:
        words = [sys.executable, "-m", "builder", *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
