"""Exports of ours become folders that `transformers` loads, with the weights that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import builder
from builder import opening, templates
from builder.checkpoints.leaving import export_as
from builder.cli import main
from builder.export import export_graph, model_of
from engine.errors import FileError


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A small GPT-2."""
    document = templates.build("gpt2", d_model=8, n_heads=2, n_layers=1, vocab_size=11, max_len=9)
    builder.save(document, tmp_path / "graph.json")
    return tmp_path / "graph.json"


def test_a_folder_of_exported_weights_is_written_with_these(graph: Path, tmp_path: Path) -> None:
    export_graph(graph, "safetensors", tmp_path / "export", seed=7)

    export_as(str(tmp_path / "export"), "gpt2", tmp_path / "out")

    _, state = builder.open_checkpoint(tmp_path / "out")
    own = model_of(opening.open_graph(graph), None, seed=7).state_dict()
    assert all(torch.equal(state[name], value) for name, value in own.items())


def test_a_folder_with_a_program_is_written_with_its_weights(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    export_graph(graph, "pt2", tmp_path / "export", seed=7)

    export_as(str(tmp_path / "export"), "gpt2", tmp_path / "out")

    _, state = builder.open_checkpoint(tmp_path / "out")
    own = model_of(opening.open_graph(graph), None, seed=7).state_dict()
    assert all(torch.equal(state[name], value) for name, value in own.items())


def test_a_file_that_lacks_a_weight_of_its_graph_is_told(graph: Path, tmp_path: Path) -> None:
    file = export_graph(graph, "safetensors", tmp_path / "export").path
    weights = load_file(file)
    weights.pop("ln_f.weight")
    save_file(weights, file, metadata={"graph": graph.read_text()})

    with pytest.raises(FileError, match=r"ln_f\.weight"):
        export_as(str(file), "gpt2", tmp_path / "out")


@pytest.mark.parametrize("named", ["in", "in/graph.json", "in/weights.safetensors"])
def test_an_imported_graph_is_exported_with_the_weights_beside_it(graph: Path, tmp_path: Path, named: str) -> None:
    export_graph(graph, "safetensors", tmp_path / "theirs", seed=7)
    export_as(str(tmp_path / "theirs"), "gpt2", tmp_path / "folder")
    assert main(["import", str(tmp_path / "folder"), "-o", str(tmp_path / "in" / "graph.json")]) == 0

    export_as(str(tmp_path / named), "gpt2", tmp_path / "out")
    done = export_graph(tmp_path / named, "safetensors", tmp_path / "again")

    assert "fresh" not in done.note
    _, state = builder.open_checkpoint(tmp_path / "out")
    own = model_of(opening.open_graph(graph), None, seed=7).state_dict()
    again = load_file(done.path)
    assert all(torch.equal(state[name], value) for name, value in own.items())
    assert again
    assert all(torch.equal(value, own[name]) for name, value in again.items())


def test_weights_beside_a_graph_that_they_do_not_fit_are_told(graph: Path, tmp_path: Path) -> None:
    save_file({"other": torch.zeros(2)}, graph.with_name("weights.safetensors"))

    with pytest.raises(FileError, match="does not hold the weights of its graph"):
        export_graph(graph, "safetensors", tmp_path / "out")
