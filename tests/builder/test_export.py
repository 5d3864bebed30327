"""Runs of every template, taken away: the exported model says what the run's model says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import builder
from builder import store
from builder.export import export_graph, export_run
from builder.run import create_run, load_run_model
from engine import jobs
from engine.answers import answer
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import ExportError, UnknownNameError
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
    [("gpt2", "reverse"), ("gpt2", "shakespeare"), ("transformer", "sort"), ("classifier", "brackets")],
)
def test_an_mlflow_model_of_a_run_answers_as_the_run_does(template: str, task: str, tmp_path: Path) -> None:
    with quiet_mlflow():
        import mlflow.pyfunc

    folder = trained(template, task, tmp_path)
    texts = [example.text for example in TASKS[task].examples(4)]

    out = export_run(folder, "mlflow", tmp_path / "model").path
    said = mlflow.pyfunc.load_model(str(out)).predict(texts)

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
