"""File → Open: saved models, files from the user's machine and paths on ours."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from safetensors.torch import save_model

import builder
from builder import store, templates
from builder.document import Document
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
