"""Generated source is as a careful person would write it: formatted, without anything unused, in any width."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import builder
from builder.document import Document
from builder.edits import SetShared
from engine.errors import CompileError
from tests.builder.codegen.test_blocks_as_code import ALL, drawn, freed
from tests.builder.codegen.test_zoo_as_code import DRAWINGS

RUFF = [sys.executable, "-m", "ruff"]


def documents() -> Iterator[tuple[str, Document]]:
    """Templates, blocks and the zoo."""
    yield from ((name, builder.templates.build(name)) for name in builder.templates.names())
    shared = SetShared(node="blocks", shared=True)
    yield from ((f"shared_{name}", shared.apply(builder.templates.build(name))) for name in ("gpt2", "moe"))
    yield from ((f"zoo_{name}", make()) for name, make in DRAWINGS.items())
    for number, case in enumerate(ALL):
        yield f"block_{number}", drawn(case)
        yield f"free_{number}", freed(case)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for each of them."""
    home = tmp_path_factory.mktemp("generated")
    for name, document in documents():
        try:
            source = builder.generate_code(document)
        except CompileError:
            continue
        (home / f"{name}.py").write_text(source, encoding="utf-8")
    return home


def ruff(*words: str, folder: Path) -> str:
    """What ruff has to say, without its closing line."""
    done = subprocess.run([*RUFF, *words, "."], cwd=folder, capture_output=True, text=True)
    return done.stdout.replace("All checks passed!", "").strip()


@pytest.mark.parametrize("width", [88, 120])
def test_it_is_as_ruff_would_format_it(folder: Path, width: int) -> None:
    assert ruff("format", "--diff", "--isolated", "--config", f"line-length={width}", folder=folder) == ""


def test_ruff_finds_nothing_in_it(folder: Path) -> None:
    assert ruff("check", "--isolated", folder=folder) == ""


def test_this_project_s_own_rules_find_nothing_in_a_template(folder: Path) -> None:
    config = Path(builder.__file__).parent.parent / "pyproject.toml"
    named = [f"{name}.py" for name in builder.templates.names()]

    done = subprocess.run([*RUFF, "check", "--config", str(config), *named], cwd=folder, capture_output=True, text=True)

    assert "All checks passed!" in done.stdout


def test_lines_are_short(folder: Path) -> None:
    for path in folder.glob("*.py"):
        assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 88, path.name
