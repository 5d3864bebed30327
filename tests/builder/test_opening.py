"""Anything that carries a graph opens as the same document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

import builder
import builder.export  # adds the format `code`
from builder.bundle import bundle_of, ports_of
from builder.document import Document
from builder.export import model_of
from builder.opening import open_graph
from builder.run import write_run
from builder.weights import weights_of
from engine.config import RunConfig
from engine.data import TASKS
from engine.errors import FileError
from engine.export import export
from engine.program import inputs_for

SMALL = {"d_model": 8, "n_heads": 1, "d_ff": 8, "n_layers": 1}
TEMPLATES = ("tiny", "tiny_bert")  # tied; with an input that programs lack, and so weights that they do not use
NAMES = (
    "safetensors", "safetensors/model.safetensors", "pt2", "pt2/model.pt2", "onnx", "onnx/model.onnx", "code",
    "code/model.safetensors", "mlflow", "mlflow/artifacts/model.pt2",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where converted weights are kept."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def shaken(document: Document) -> nn.Module:
    """Its model with random numbers everywhere, so that no weight is like another."""
    model, drawn = builder.compile_document(document).eval(), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn))
    return model


@pytest.fixture(scope="module", params=TEMPLATES)
def document(request: pytest.FixtureRequest) -> Document:
    """A small model with a task."""
    return builder.templates.build(request.param, **SMALL)


@pytest.fixture(scope="module")
def exports(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of it, each in a folder that is called like its format."""
    root = tmp_path_factory.mktemp("exports")
    bundle = bundle_of(shaken(document), document, TASKS[document.task], {})
    for format in ("safetensors", "pt2", "onnx", "code", "mlflow"):
        export(bundle, format, root / format)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_export_opens_as_the_document_it_was_made_of(exports: Path, document: Document, name: str) -> None:
    assert open_graph(exports / name) == document


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_export_gives_its_weights_back_here_and_from_a_copy_elsewhere(
    exports: Path, document: Document, tmp_path: Path, name: str
) -> None:
    said = logits(shaken(document), document)
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(exports / name.split("/")[0], copy)

    for path in (exports / name, copy.joinpath(*name.split("/")[1:])):
        weights = weights_of(path)
        assert weights is not None
        assert torch.equal(logits(model_of(open_graph(path), weights), document), said)


def logits(model: nn.Module, document: Document) -> torch.Tensor:
    """What a model says to every optional input, too."""
    asked = inputs_for(ports_of(document), batch=3, length=5)
    with torch.no_grad():
        return model.eval()(**asked)


def test_a_run_folder_and_a_graph_file_open(document: Document, tmp_path: Path) -> None:
    folder = write_run(document, RunConfig(task=document.task), tmp_path)

    assert open_graph(folder) == open_graph(folder / "graph.json") == open_graph(str(folder)) == document


def test_a_folder_without_a_graph_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"graph\.json, artifacts/graph\.json, model\.safetensors"):
        open_graph(tmp_path)


def test_a_folder_of_transformers_is_told_from_ours(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(FileError, match="stepwise import"):
        open_graph(tmp_path)


def test_weights_of_others_carry_no_graph(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "model.safetensors")

    with pytest.raises(FileError, match="carries no graph"):
        open_graph(tmp_path / "model.safetensors")


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt2", "model.onnx", "graph.json"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"[" * 5000, b"{}"])
def test_a_broken_file_is_refused_with_a_reason(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(FileError):
        open_graph(tmp_path / name)


def test_a_header_that_claims_to_be_huge_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + b"{}")

    with pytest.raises(FileError, match="at most"):
        open_graph(tmp_path / "model.safetensors")


def test_a_graph_of_a_newer_format_in_an_export_says_so(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"graph": json.dumps({"format": "stepwise/9"})}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)

    with pytest.raises(FileError, match="stepwise/9"):
        open_graph(tmp_path / "model.safetensors")


@pytest.mark.parametrize("name", ["x" * 5000, "\0", "~nobody-of-that-name/graph.json", "graph.json/inside"])
def test_a_text_that_is_no_path_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "graph.json").touch()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FileError) as refused:
        open_graph(name)

    assert len(str(refused.value)) < 400


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    builder.save(builder.templates.build("tiny"), tmp_path / "graph.json")

    assert open_graph("~/graph.json").name == builder.templates.build("tiny").name


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 300), st.integers(0, 255), max_size=6), st.sampled_from([0, 8, 12, 14]))
def test_a_damaged_archive_is_refused(damage: dict[int, int], packed: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt2"
        with ZipFile(path, "w", packed) as archive:
            archive.writestr("model/extra/graph.json", '{"format": "stepwise/9"}')
        data = bytearray(path.read_bytes())
        for place, byte in damage.items():
            data[place % len(data)] = byte
        path.write_bytes(data)

        with pytest.raises(FileError):
            open_graph(path)


@pytest.mark.parametrize(("byte", "mask"), [(6, 1), (8, 99)], ids=["encrypted", "packed in another way"])
def test_an_archive_that_we_cannot_unpack_is_refused(tmp_path: Path, byte: int, mask: int) -> None:
    path = tmp_path / "model.pt2"
    with ZipFile(path, "w") as archive:
        archive.writestr("model/extra/graph.json", "{}")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + byte + 2] = mask
    data[byte] = mask
    path.write_bytes(data)

    with pytest.raises(FileError, match="cannot be read"):
        open_graph(path)


def test_what_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing\.onnx"):
        open_graph(tmp_path / "nothing.onnx")
