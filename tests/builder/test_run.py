"""From a document to a run and back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import builder
from builder.bundle import export_bundle
from builder.document import Document
from builder.edits import Disconnect
from builder.run import create_run, load_run_model, train_document
from engine import checkpoints, jobs
from engine.config import RunConfig
from engine.curves import last_metrics
from engine.data import TASKS
from engine.errors import DocumentError, RunError
from engine.runs import find, folders, latest_checkpoint, read_samples, read_status, rename

CASES = [(task, template) for task in TASKS for template in TASKS[task].templates]


def tiny(task: str = "reverse", template: str = "gpt2") -> Document:
    sizes = {**TASKS[task].sizes(template), "d_model": 8, "n_heads": 2, "n_layers": 1, "d_ff": 16}
    return builder.templates.build(template, **sizes)


def config(task: str = "reverse", **changes: int) -> RunConfig:
    return RunConfig.suited(task, **{"steps": 4, "batch_size": 4, "eval_size": 4, **changes})


@pytest.mark.parametrize(("task", "template"), CASES)
def test_every_task_trains_on_every_template_it_names(tmp_path: Path, task: str, template: str) -> None:
    folder = create_run(tiny(task, template), config(task), tmp_path)

    status = jobs.run_here(folder, train_document)

    assert (status.state, status.reason) == ("finished", "")
    assert last_metrics(folder)["step"] == 4
    assert len(read_samples(folder)[-1]["samples"]) == 6


def test_the_model_of_a_checkpoint_is_the_one_that_was_trained(tmp_path: Path) -> None:
    folder = create_run(tiny(), config(checkpoint_every=2), tmp_path)
    jobs.run_here(folder, train_document)

    first, newest, last = (load_run_model(folder, step) for step in (0, None, 4))

    pairs = zip(newest.parameters(), last.parameters(), strict=True)
    assert latest_checkpoint(folder) == 4
    assert all(torch.equal(a, b) for a, b in pairs)
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), last.parameters(), strict=True))
    assert not newest.training


def test_the_first_checkpoint_is_the_model_before_training(tmp_path: Path) -> None:
    document = tiny()
    folder = create_run(document, config(seed=4), tmp_path)
    jobs.run_here(folder, train_document)

    fresh = builder.compile_document(document, seed=4).state_dict()

    kept = load_run_model(folder, 0).state_dict()
    assert fresh.keys() == kept.keys()
    assert all(torch.equal(kept[name], fresh[name]) for name in fresh)


def test_a_run_stopped_and_started_as_a_process_goes_on(tmp_path: Path) -> None:
    folder = create_run(tiny(), config(), tmp_path)
    jobs.run_here(folder, train_document)
    (folder / "config.json").write_text((folder / "config.json").read_text().replace('"steps": 4', '"steps": 6'))

    jobs.start(folder)

    status = jobs.wait(folder)
    assert (status.state, status.step) == ("finished", 6), status.reason
    assert checkpoints.steps(folder) == [0, 4, 6]


def test_a_document_with_errors_becomes_no_run(tmp_path: Path) -> None:
    document = tiny()
    broken = Disconnect(wire=document.main.wires[0]).apply(document)

    with pytest.raises(DocumentError, match="to mend before training"):
        create_run(broken, config(), tmp_path)
    assert not folders(tmp_path)


def test_a_graph_that_was_changed_by_hand_fails_with_its_reason(tmp_path: Path) -> None:
    folder = create_run(tiny(), config(), tmp_path)
    (folder / "graph.json").write_text("{}")

    status = jobs.run_here(folder, train_document)

    assert status.state == "failed"
    assert "Traceback" not in status.reason


def test_a_run_is_found_by_path_name_and_age_and_can_be_renamed(tmp_path: Path) -> None:
    older = create_run(tiny(), config(), tmp_path)
    newer = create_run(tiny(), config(), tmp_path, name="second")

    rename(older, " first ")

    assert [read_status(folder).name for folder in folders(tmp_path)] == ["second", "first"]
    assert find(tmp_path, "last") == find(tmp_path, newer.name) == find(tmp_path, str(newer)) == newer
    with pytest.raises(RunError, match="Did you mean"):
        find(tmp_path, newer.name[:-1])
    with pytest.raises(RunError, match="needs a name"):
        rename(older, " ")


@pytest.mark.parametrize(
    ("task", "template", "kind"),
    [("reverse", "gpt2", "lm"), ("reverse", "transformer", "seq2seq"), ("brackets", "classifier", "classifier")],
)
def test_an_export_knows_how_to_talk_to_the_model(tmp_path: Path, task: str, template: str, kind: str) -> None:
    folder = create_run(tiny(task, template), config(task), tmp_path)
    jobs.run_here(folder, train_document)

    bundle = export_bundle(folder)

    speech = bundle.speech
    assert speech is not None
    assert speech.kind == kind
    assert (speech.go, speech.stop) == ((">", ".") if task == "reverse" else ("", ""))
    assert speech.labels == TASKS[task].labels
    assert bundle.metadata["step"] == "4"
