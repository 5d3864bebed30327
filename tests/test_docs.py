"""Nothing public is left without words, and the README's commands run."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from builder.composites import LIBRARY
from builder.rules import RULES

import engine.blocks  # noqa: F401  (declares the blocks)
from engine.blocks.spec import CATALOGUE
from views.commands import COMMANDS

ROOT = Path(__file__).parent.parent
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


def test_every_command_has_its_own_id_words_and_shortcut() -> None:
    ids = [command.id for command in COMMANDS]
    keys = [command.keys for command in COMMANDS if command.keys]

    assert len(ids) == len(set(ids))
    assert len(keys) == len(set(keys))
    assert all(command.label for command in COMMANDS)


def test_everything_public_has_a_docstring() -> None:
    bare = []
    for path in [p for layer in LAYERS for p in (ROOT / layer).rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        public = [n for n in ast.walk(tree) if isinstance(n, kinds) and not n.name.startswith("_")]
        inner = {c for n in public if not isinstance(n, ast.ClassDef) for c in ast.walk(n) if c is not n}
        bare += [f"{path.name}:{n.name}" for n in public if n not in inner and not ast.get_docstring(n)]

    assert not bare


def test_the_readme_is_short_and_names_every_file() -> None:
    assert len(README.splitlines()) <= 150
    for path in [p for layer in LAYERS for p in (ROOT / layer).glob("*.py") if p.name != "__init__.py"]:
        assert re.search(rf"\b{path.stem}\b", README), f"{path.relative_to(ROOT)} is not in the README's tree."


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
