"""File → Open: saved models, files from the user's machine and paths on ours."""

from __future__ import annotations

import time
import zipfile
from base64 import b64encode
from pathlib import Path
from shutil import rmtree

import pytest
import torch
from safetensors.torch import load_file, save_model

import builder
from builder import store, templates
from builder.bundle import bundle_of
from builder.document import Document
from engine import checkpoints, locations
from engine.export import export
from tests.views.attention_runs import make_run
from tests.views.desk import Desk
from views.parts import Message

SMALL = {"d_model": 8, "n_heads": 1, "d_ff": 8, "n_layers": 1}


@pytest.fixture
def document() -> Document:
    return templates.build("tiny_llama", **SMALL, n_kv_heads=1)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path / "user", monkeypatch)


def weights_of(document: Document, file: Path) -> Path:
    save_model(builder.compile_document(document), str(file), metadata={"graph": store.dumps(document)})
    return file


def test_a_path_opens_an_export_and_its_weights_stay_with_it(desk: Desk, document: Document, tmp_path: Path) -> None:
    file = weights_of(document, tmp_path / "model.safetensors")

    desk.open(values={"path": f" {tmp_path} "})

    assert desk.session.document == document
    assert desk.session.weights == file


def test_the_head_of_an_uploaded_safetensors_file_is_enough(desk: Desk, document: Document, tmp_path: Path) -> None:
    data = weights_of(document, tmp_path / "model.safetensors").read_bytes()
    head = data[: 8 + int.from_bytes(data[:8], "little")]

    desk.open(button="upload", file={"name": "../../model.safetensors", "bytes": b64encode(head).decode()})

    assert desk.session.document == document
    assert desk.session.notice is not None
    assert "Type the file's path" in desk.session.notice.text


def test_an_uploaded_graph_opens(desk: Desk, document: Document) -> None:
    dialog = desk.open(button="upload", file={"name": "graph.json", "text": store.dumps(document)})

    assert desk.session.document == document
    assert dialog.upload is not None
    assert dialog.upload["accept"] == ".json,.safetensors,.pt2,.onnx"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"values": {"path": "/nowhere/model.onnx"}}, "There is no file or folder /nowhere/model.onnx"),
        ({"values": {"path": "pasted " * 100}}, "too long"),
        ({"values": {"path": "~nobody-of-that-name/graph.json"}}, "home"),
        ({"button": "upload", "file": {"name": "graph.json"}}, "not foreseen"),
        ({"button": "upload", "file": {"name": "model.pt2", "bytes": "AAAA"}}, "model.pt2"),
        ({}, "Nothing is named"),
    ],
)
def test_what_cannot_be_opened_is_told_and_the_document_stays(desk: Desk, answer: Message, said: str) -> None:
    before = desk.session.document

    desk.open(**answer)

    assert desk.session.document == before
    assert desk.session.notice is not None
    assert said in desk.session.notice.text


@pytest.fixture
def program(document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It as a .pt2 file; what is converted is kept below `home`."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    bundle = bundle_of(builder.compile_document(document, seed=4), document, None, {})
    return export(bundle, "pt2", tmp_path / "out").path


def wait_for(desk: Desk, document: Document) -> str:
    """What is told once a thread has opened a document."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        said = desk.session.notice.text if desk.session.notice else ""
        if "is open" in said:
            break
        time.sleep(0.01)
    assert desk.session.document == document
    return said


def holds_weights(desk: Desk, document: Document) -> bool:
    own, kept = builder.compile_document(document, seed=4).state_dict(), desk.session.weights
    return kept is not None and all(torch.equal(own[name], tensor) for name, tensor in load_file(kept).items())


def test_a_program_opens_with_its_weights_as_safetensors_of_our_own(
    desk: Desk, document: Document, program: Path
) -> None:
    desk.open(values={"path": str(program)})
    wait_for(desk, document)

    assert holds_weights(desk, document)
    assert desk.session.weights is not None
    assert desk.session.weights.parent == locations.opened()


@pytest.mark.parametrize("suffix", ["pt2", "safetensors"])
def test_an_uploaded_export_opens_with_its_weights(desk: Desk, document: Document, program: Path, suffix: str) -> None:
    file = program
    if suffix == "safetensors":
        file = program.with_suffix(".safetensors")
        save_model(builder.compile_document(document, seed=4), str(file), metadata={"graph": store.dumps(document)})

    upload = {"name": file.name, "bytes": b64encode(file.read_bytes()).decode()}
    desk.open(button="upload", file=upload)
    wait_for(desk, document)

    assert holds_weights(desk, document)


def test_a_graph_whose_weights_are_damaged_opens_without_them_and_says_so(
    desk: Desk, document: Document, tmp_path: Path
) -> None:
    file = weights_of(document, tmp_path / "model.safetensors")
    file.write_bytes(file.read_bytes()[:-4])

    desk.open(values={"path": str(file)})

    assert desk.session.document == document
    assert desk.session.weights is None
    assert desk.session.notice is not None
    assert "without its weights" in desk.session.notice.text


def test_a_program_without_weights_opens_as_a_graph_and_says_so(desk: Desk, document: Document, program: Path) -> None:
    with zipfile.ZipFile(program.with_name("bare.pt2"), "w") as archive:
        archive.writestr("model/extra/graph.json", store.dumps(document))

    desk.open(values={"path": str(program.with_name("bare.pt2"))})

    assert "without its weights" in wait_for(desk, document)
    assert desk.session.weights is None


def test_a_run_opens_with_the_weights_of_its_newest_checkpoint_which_stay_when_training_removes_that(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    run = make_run(tmp_path / "home", "one", steps=(0, 4))

    desk.open(values={"path": str(run)})
    said = wait_for(desk, store.load(run / "graph.json"))
    rmtree(checkpoints.path_of(run, 4))

    assert "with its weights" in said
    assert holds_weights(desk, desk.session.document)


def test_a_run_without_a_checkpoint_opens_as_a_graph(desk: Desk, tmp_path: Path) -> None:
    run = make_run(tmp_path, "one", steps=())

    desk.open(values={"path": str(run)})

    assert desk.session.document == store.load(run / "graph.json")
    assert desk.session.weights is None
