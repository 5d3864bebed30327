"""`stepwise code` and `stepwise export --format code`: a file that stands alone, with a test that passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import builder
from builder.cli import main
from builder.codegen import generate_code
from tests.builder.small_models import small


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.json"
    builder.save(small("gpt2"), path)
    return path


def test_code_is_printed(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", str(graph)]) == 0

    assert capsys.readouterr().out == generate_code(builder.load(graph))


def test_code_is_written_to_a_file(graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", str(graph), "-o", str(tmp_path / "model.py")]) == 0

    assert (tmp_path / "model.py").read_text(encoding="utf-8") == generate_code(builder.load(graph))
    assert "model.py written" in capsys.readouterr().out


def test_a_graph_that_is_no_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = small("gpt2")
    builder.save(document.with_definition(document.main.without_nodes(["logits"])), tmp_path / "graph.json")

    assert main(["code", str(tmp_path / "graph.json")]) == 2

    assert "has no output" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpt2", "transformer"])
def test_exported_code_passes_its_own_test_without_this_project(name: str, tmp_path: Path) -> None:
    builder.save(small(name), tmp_path / "graph.json")

    assert main(["export", str(tmp_path / "graph.json"), "--format", "code", "-o", str(tmp_path / "out")]) == 0

    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_model.py"]
    done = subprocess.run(words, cwd=tmp_path / "out", capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout
