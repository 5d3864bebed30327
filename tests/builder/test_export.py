"""Runs of every template, taken away: the exported model says what the run's model says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import builder
from builder import opening, store
from builder.bundle import bundle_of
from builder.export import export_graph, export_run
from builder.run import create_run, load_run_model
from engine import jobs
from engine.answers import answer
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import ExportError, UnknownNameError
from engine.export import ExportBundle, export
from engine.exporting.onnx_file import OnnxModel, export_onnx
from engine.mlflow_tracker import quiet_mlflow

SMALL = {"d_model": 16, "n_heads": 2, "d_ff": 32, "n_layers": 1}


def trained(template: str, task: str, root: Path) -> Path:
    """A run of two steps."""
    document = builder.templates.build(template, **{**TASKS[task].sizes(template), **SMALL})
    config = RunConfig(task=task, steps=2, batch_size=4, eval_every=2, eval_size=8, sample_every=2)
    folder = create_run(document, config, root)
    assert jobs.run_here(folder).state == "finished"
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "task"),
    [
        ("gpt2", "reverse"),
        ("gpt2", "shakespeare"),
        ("transformer", "sort"),
        ("classifier", "brackets"),
        ("tiny_bert", "fill"),
    ],
)
def test_an_mlflow_model_of_a_run_answers_as_the_run_does(template: str, task: str, tmp_path: Path) -> None:
    with quiet_mlflow():
        import mlflow.pyfunc

    folder = trained(template, task, tmp_path)
    texts = [example.text for example in TASKS[task].examples(4)]

    out = export_run(folder, "mlflow", tmp_path / "model").path
    said = mlflow.pyfunc.load_model(str(out)).predict(texts)

    found = json.loads((out / "artifacts" / "contracts.json").read_text())
    assert "C008" in {contract["code"] for contract in found["contracts"]}
    assert list(said) == answer(load_run_model(folder), TASKS[task], texts)


def test_the_graph_in_exported_weights_is_the_run_s(tmp_path: Path) -> None:
    folder = trained("gpt2", "reverse", tmp_path)

    file = export_run(folder, "safetensors", tmp_path / "weights", step=0).path

    with safe_open(file, "pt") as opened:
        facts = opened.metadata()
    assert store.loads(facts["graph"]) == store.load(folder / "graph.json")
    assert facts["step"] == "0"


@pytest.mark.parametrize("template", ["gpt2", "transformer", "classifier"])
def test_a_program_of_a_template_computes_the_same_for_other_lengths(template: str, tmp_path: Path) -> None:
    task = {"classifier": "brackets"}.get(template, "sort")
    folder = trained(template, task, tmp_path)
    model = load_run_model(folder)
    ids = torch.randint(3, (3, 7), generator=torch.Generator().manual_seed(0))
    inputs = {"source": ids, "target": ids[:, :4]} if template == "transformer" else {"tokens": ids}

    program = torch.export.load(export_run(folder, "pt2", tmp_path / "program").path).module()

    assert torch.allclose(program(**inputs), model(**inputs), atol=1e-6)


def test_a_graph_that_was_never_trained_is_exported_with_fresh_weights(tmp_path: Path) -> None:
    document = builder.templates.build("gpt2", **{**TASKS["sort"].sizes("gpt2"), **SMALL})
    builder.save(document, tmp_path / "graph.json")

    file = export_graph(tmp_path / "graph.json", "safetensors", tmp_path / "out", task="sort", seed=3).path

    wanted = builder.compile_document(document, seed=3).state_dict()
    found = load_file(file)
    assert found
    assert all(torch.equal(found[name], wanted[name]) for name in found)


def test_an_unknown_format_is_refused_before_the_run_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="safetensors"):
        export_run(tmp_path, "safetensor", tmp_path / "out")


def test_a_full_folder_is_refused_before_the_run_is_read(tmp_path: Path) -> None:
    (tmp_path / "something").touch()

    with pytest.raises(ExportError, match="not empty"):
        export_run(tmp_path, "pt2", tmp_path)


@pytest.mark.slow
def test_a_model_that_reads_pixels_is_an_mlflow_model_of_arrays(tmp_path: Path) -> None:
    with quiet_mlflow():
        import mlflow.pyfunc
    document = builder.templates.build("tiny_vit", **{**TASKS["shapes"].sizes("tiny_vit"), **SMALL})
    model = builder.compile_document(document).eval()
    pixels = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))

    with quiet_mlflow():
        done = export(bundle_of(model, document, TASKS["shapes"], {}), "mlflow", tmp_path / "out")
        said = mlflow.pyfunc.load_model(str(done.path)).predict({"pixels": pixels.numpy()})

    assert torch.equal(torch.from_numpy(said["logits"]), model(pixels=pixels))


def test_an_optional_input_is_in_a_program_when_it_is_asked_for(tmp_path: Path) -> None:
    document = builder.templates.build("classifier", **{**TASKS["brackets"].sizes("classifier"), **SMALL})
    builder.save(document, tmp_path / "graph.json")
    model = builder.compile_document(document, seed=0).eval()
    ids, real = torch.tensor([[0, 1, 2], [1, 0, 0]]), torch.tensor([[True, True, True], [True, False, False]])

    done = export_graph(tmp_path / "graph.json", "pt2", tmp_path / "out", extra=["padding"])

    program = torch.export.load(done.path).module()
    assert torch.equal(program(tokens=ids, padding=real), model(tokens=ids, padding=real))
    assert not torch.equal(program(tokens=ids, padding=real), model(tokens=ids))
    with pytest.raises(ExportError, match="Did you mean 'padding'"):
        export_graph(tmp_path / "graph.json", "pt2", tmp_path / "more", extra=["pading"])


def test_an_onnx_file_computes_the_same_for_other_sizes_and_says_how_near_it_is(tmp_path: Path) -> None:
    document = builder.templates.build("gpt2", **{**TASKS["sort"].sizes("gpt2"), **SMALL})
    model = builder.compile_document(document).eval()

    done = export(bundle_of(model, document, None, {}), "onnx", tmp_path / "out")

    ids = torch.randint(5, (4, 6), generator=torch.Generator().manual_seed(0))
    said = OnnxModel(done.path, ["logits"])(tokens=ids)["logits"]
    assert torch.allclose(said, model(tokens=ids), rtol=0, atol=1e-4)
    assert "differs from the model by" in done.note


def test_without_its_packages_onnx_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.exporting.onnx_file.find_spec", lambda name: None if name == "onnxscript" else name)

    with pytest.raises(ExportError, match=r"needs onnxscript\. Install .*stepwise\[onnx\]"):
        export_onnx(ExportBundle(model=torch.nn.Identity(), graph="{}"), tmp_path)


def test_an_exported_safetensors_file_is_exported_again_with_its_own_weights(tmp_path: Path) -> None:
    folder = trained("gpt2", "reverse", tmp_path)
    first = export_run(folder, "safetensors", tmp_path / "first")

    again = export_graph(first.path.parent, "pt2", tmp_path / "second")

    ids = torch.arange(6)[None]
    assert torch.equal(torch.export.load(again.path).module()(tokens=ids), load_run_model(folder)(tokens=ids))
    assert "fresh" not in again.note


@pytest.mark.parametrize("format", ["pt2", "onnx"])
def test_a_program_is_exported_as_safetensors_with_the_weights_of_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    folder = trained("gpt2", "reverse", tmp_path)
    first = export_run(folder, format, tmp_path / "first")

    again = export_graph(first.path, "safetensors", tmp_path / "second")

    found, own = load_file(again.path), load_run_model(folder).state_dict()
    assert "fresh" not in again.note
    assert all(torch.equal(found[name], own[name]) for name in found)
    assert len(found) == len(own) - 1  # one is tied


def test_exported_code_has_its_weights_and_graph_beside_it(tmp_path: Path) -> None:
    folder = trained("gpt2", "reverse", tmp_path)

    done = export_run(folder, "code", tmp_path / "code")

    names = {path.name for path in done.path.parent.iterdir()}
    assert names >= {"model.py", "model.safetensors", "graph.json", "contracts.json"}
    assert opening.open_graph(done.path.parent) == store.load(folder / "graph.json")
