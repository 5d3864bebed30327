"""Exports of ours become folders that `transformers` loads, with the weights that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import builder
from builder import opening, templates
from builder.checkpoints import save_checkpoint
from builder.checkpoints.adapting import with_kind
from builder.checkpoints.leaving import export_as
from builder.cli import main
from builder.document import Document
from builder.edits import DrawOut, MakeIndependent, SetSetting
from builder.edits.draw_out import CORE
from builder.export import export_graph, model_of
from engine.errors import ExportError, FileError


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


SIZES = {"d_model": 8, "n_heads": 2, "n_layers": 2, "d_ff": 8, "vocab_size": 11, "max_len": 9, "dropout": 0.25}


def drawn_out(document: Document, but: str = "") -> Document:
    """A document with every attention core opened, except in one definition."""
    cores = [(at, name) for at, d in document.definitions.items() for name, n in d.nodes.items() if n.kind == CORE]
    for at, name in cores:
        document = DrawOut(node=name, at=at).apply(document) if at != but else document
    return document


@pytest.mark.parametrize("family", ["gpt2", "bert", "t5", "llama", "mistral"])
def test_a_model_with_opened_cores_is_written_as_the_one_with_closed_cores(family: str, tmp_path: Path) -> None:
    document = templates.build(family.replace("mistral", "llama"), **SIZES)
    document = with_kind(document, CORE, window=3) if family == "mistral" else document
    opened = drawn_out(document, but="t5_cross_attention")
    assert document != opened

    state = builder.compile_document(document, seed=2).state_dict()
    for drawn, name in ((document, "closed"), (opened, "opened")):
        save_checkpoint(drawn, state, family.replace("mistral", "llama"), tmp_path / name)

    closed = {path.name: path.read_bytes() for path in (tmp_path / "closed").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "opened").iterdir()} == closed


def test_an_opened_core_that_masks_otherwise_is_no_gpt2(tmp_path: Path) -> None:
    document = drawn_out(templates.build("gpt2", **SIZES))
    at = next(at for at, definition in document.definitions.items() if "softmax" in definition.nodes)
    changed = SetSetting(node="mask", name="pattern", value="none", at=at).apply(document)

    with pytest.raises(ExportError, match=r"blocks\.0\.attn\.mask has pattern"):
        save_checkpoint(changed, builder.compile_document(changed).state_dict(), "gpt2", tmp_path / "out")


def test_an_opened_core_in_a_composite_of_its_own_is_told_with_what_to_do(tmp_path: Path) -> None:
    document = MakeIndependent(node="attn", at="t5_decoder_block").apply(templates.build("t5", **SIZES))
    document = drawn_out(document, but="t5_attention")

    with pytest.raises(ExportError, match=r"attn\.core is missing; if it was opened into its steps, undo that"):
        save_checkpoint(document, builder.compile_document(document).state_dict(), "t5", tmp_path / "out")
