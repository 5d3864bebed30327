"""Every template as source: the same keys and answers, also in a process without this project; formatted and clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import builder
from builder.document import Document
from tests.builder.codegen.generated import as_module, assert_same, assert_same_in_a_fresh_process

RUFF = [sys.executable, "-m", "ruff"]
TINY = {"d_model": 8, "n_heads": 2, "n_layers": 2, "n_kv_heads": 1, "vocab_size": 11, "max_len": 9, "d_ff": 12}


def small(name: str) -> Document:
    """A template at sizes that cost nothing."""
    known = {symbol.name for symbol in builder.templates.build(name).main.symbols}
    return builder.templates.build(name, **{key: value for key, value in TINY.items() if key in known})


@pytest.mark.parametrize("name", builder.templates.names())
def test_a_template_as_source_has_the_same_keys_and_the_same_answers(name: str) -> None:
    assert_same(small(name))


@pytest.mark.slow
def test_generated_source_needs_no_file_of_this_project(tmp_path: Path) -> None:
    assert_same_in_a_fresh_process({name: small(name) for name in builder.templates.names()}, tmp_path)


@pytest.mark.parametrize("width", [88, 120])
def test_generated_source_is_as_ruff_would_write_it(width: int, tmp_path: Path) -> None:
    for name in builder.templates.names():
        (tmp_path / f"{name}.py").write_text(builder.generate_code(builder.templates.build(name)), encoding="utf-8")
    options = ["--isolated", "--config", f"line-length={width}"]

    formatted = subprocess.run([*RUFF, "format", "--diff", *options, "."], cwd=tmp_path, capture_output=True, text=True)
    checked = subprocess.run([*RUFF, "check", *options, "."], cwd=tmp_path, capture_output=True, text=True)

    assert formatted.stdout == ""
    assert "All checks passed" in checked.stdout


def test_generated_source_passes_the_checks_of_this_project(tmp_path: Path) -> None:
    root = Path(builder.__file__).parent.parent
    for name in builder.templates.names():
        (tmp_path / f"{name}.py").write_text(builder.generate_code(builder.templates.build(name)), encoding="utf-8")

    words = [*RUFF, "check", "--config", str(root / "pyproject.toml"), str(tmp_path)]
    checked = subprocess.run(words, capture_output=True, text=True)

    assert "All checks passed" in checked.stdout


def test_a_deep_model_is_as_short_as_a_shallow_one() -> None:
    shallow, deep = (builder.generate_code(builder.templates.build("gpt2", n_layers=n)) for n in (1, 96))

    assert len(shallow.splitlines()) == len(deep.splitlines())


def test_other_sizes_can_be_asked_of_the_generated_source() -> None:
    module = as_module(small("gpt2"))

    model = module.build_model(module.Config(d_model=16, n_layers=3))

    assert model.blocks[2].ffn.up.weight.shape == (12, 16)
