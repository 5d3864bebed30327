"""Weights come back from a program and from an ONNX file; what is damaged or hostile is told, and runs nothing."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

import builder
from builder.bundle import bundle_of
from builder.cli import main
from builder.document import Document
from builder.weights import keep, weights_of
from engine import locations
from engine.errors import FileError
from engine.export import export

SMALL = {"d_model": 8, "n_heads": 2, "d_ff": 8, "n_layers": 1}
BOTH = ("model.pt2", "model.onnx")
CONFIG = "model/data/weights/model_weights_config.json"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where converted weights are kept."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("STEPWISE_HOME", str(home))
    return home


@pytest.fixture(scope="module")
def document() -> Document:
    """A model with a tie."""
    return builder.templates.build("tiny", **SMALL)


@pytest.fixture(scope="module")
def files(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with it as a program and as ONNX, fresh: of its weights, many are the same numbers."""
    root = tmp_path_factory.mktemp("files")
    bundle = bundle_of(builder.compile_document(document, seed=3), document, None, {})
    for format in ("pt2", "onnx"):
        export(bundle, format, root / format).path.rename(root / f"model.{format}")
    return root


def written_anew(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of an archive with other records."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def configured(source: Path, target: Path, name: str, **facts: Any) -> Path:
    """A copy of a program that says something else of one of its weights."""

    def change(record: str, data: bytes) -> bytes:
        if record != CONFIG:
            return data
        config = json.loads(data)
        entry = config["config"][name]
        for place in (entry["tensor_meta"], entry):
            place.update({key: value for key, value in facts.items() if key in place})
        return json.dumps(config).encode()

    return written_anew(source, target, change)


@pytest.mark.parametrize("name", BOTH)
def test_weights_with_the_same_numbers_all_come_back(files: Path, document: Document, name: str) -> None:
    own = builder.compile_document(document, seed=3).state_dict()

    weights = weights_of(files / name)

    assert weights is not None
    found = load_file(weights)
    assert found.keys() == own.keys() - {"lm_head.weight"} or found.keys() == own.keys() - {"tok_emb.weight"}
    assert all(torch.equal(found[key], own[key]) for key in found)


@pytest.mark.parametrize("name", BOTH)
def test_the_same_bytes_are_converted_once_wherever_they_lie(files: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / name
    copy.write_bytes((files / name).read_bytes())

    first, second = weights_of(files / name), keep(copy)

    assert first == second
    assert list(locations.opened().iterdir()) == [first]


def test_uploaded_weights_are_copied_to_a_place_of_our_own(files: Path, tmp_path: Path) -> None:
    weights = weights_of(files / "model.pt2")
    assert weights is not None
    upload = tmp_path / "model.safetensors"
    upload.write_bytes(weights.read_bytes())

    kept = keep(upload)
    upload.unlink()

    assert kept.parent == locations.opened()
    assert kept.read_bytes() == weights.read_bytes()


@pytest.mark.parametrize("name", BOTH)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_file_that_is_cut_off_is_one_clear_error(
    files: Path, tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    whole = (files / name).read_bytes()
    broken = tmp_path_factory.mktemp("cut") / name
    broken.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

    with pytest.raises(FileError, match=r"model\."):
        keep(broken)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_in_a_program_is_an_error_or_changes_no_weight(
    files: Path, document: Document, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = bytearray((files / "model.pt2").read_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    file = tmp_path_factory.mktemp("changed") / "model.pt2"
    file.write_bytes(changed)
    own = builder.compile_document(document, seed=3).state_dict()

    try:
        found = load_file(keep(file))
    except FileError:
        return
    assert all(torch.equal(found[key], own[key]) for key in found)


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._folder,)


def test_a_pickle_in_a_program_is_not_read(files: Path, tmp_path: Path) -> None:
    sprung, buffer = tmp_path / "sprung", io.BytesIO()
    torch.save(Trap(sprung), buffer)
    marked = configured(files / "model.pt2", tmp_path / "marked.pt2", "ln_f.bias", use_pickle=True)
    with zipfile.ZipFile(marked) as archive:
        record = json.loads(archive.read(CONFIG))["config"]["ln_f.bias"]["path_name"]
    file = written_anew(
        marked, tmp_path / "model.pt2", lambda name, data: buffer.getvalue() if name.endswith(f"/{record}") else data
    )

    with pytest.raises(FileError, match=r"model\.pt2 holds .* of its graph; ln_f\.bias cannot be read"):
        weights_of(file)

    assert not sprung.exists()
    buffer.seek(0)
    torch.load(buffer, weights_only=False)
    assert sprung.exists()  # so the trap works


@pytest.mark.parametrize(
    "facts",
    [
        {"strides": [{"as_int": 0}], "path_name": "../weight_0"},
        {"storage_offset": {"as_int": 10**12}},
        {"strides": [{"as_int": 10**12}]},
        {"strides": [{"as_int": -1}]},
        {"strides": "far"},
        {"dtype": 8},
        {"tensor_meta": None},
        {"sizes": [{"as_expr": "s0"}]},
    ],
)
def test_a_program_that_says_something_wrong_of_a_weight_is_refused(
    files: Path, tmp_path: Path, facts: dict[str, Any]
) -> None:
    file = configured(files / "model.pt2", tmp_path / "model.pt2", "ln_f.bias", **facts)

    with pytest.raises(FileError, match=r"model\.pt2"):
        weights_of(file)


def test_a_packed_record_is_refused_before_it_is_unpacked(files: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.pt2"
    with zipfile.ZipFile(files / "model.pt2") as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))

    with pytest.raises(FileError, match="is packed"):
        weights_of(file)


def test_an_onnx_file_that_lacks_weights_names_them(files: Path, tmp_path: Path) -> None:
    model = onnx.load(files / "model.onnx")
    kept = [entry for entry in model.graph.initializer if entry.name != "blocks.0.attn.q_proj.weight.T"]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.save(model, tmp_path / "model.onnx")

    with pytest.raises(
        FileError, match=r"holds 19 of the 20 weights .*; blocks\.0\.attn\.q_proj\.weight cannot be read"
    ):
        weights_of(tmp_path / "model.onnx")


def test_numbers_that_an_onnx_file_takes_from_elsewhere_are_not_read(files: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(range(256)))
    (tmp_path / "inner").mkdir()
    model = onnx.load(files / "model.onnx")
    entry = next(entry for entry in model.graph.initializer if entry.name == "pos_emb.weight")
    entry.ClearField("raw_data")
    entry.data_location = onnx.TensorProto.EXTERNAL
    entry.external_data.add(key="location", value="../secret")
    (tmp_path / "inner" / "model.onnx").write_bytes(model.SerializeToString())

    with pytest.raises(FileError, match="outside the directory"):
        weights_of(tmp_path / "inner" / "model.onnx")


def test_numbers_of_a_large_onnx_file_lie_beside_it(files: Path, tmp_path: Path) -> None:
    model = onnx.load(files / "model.onnx")
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="model.onnx.data", size_threshold=0)

    found, wanted = weights_of(tmp_path / "model.onnx"), weights_of(files / "model.onnx")

    assert found is not None
    assert wanted is not None
    apart, together = load_file(found), load_file(wanted)
    assert apart.keys() == together.keys()
    assert all(torch.equal(apart[name], together[name]) for name in apart)


@pytest.mark.parametrize("name", BOTH)
def test_a_run_begins_from_an_export(
    files: Path, document: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    builder.save(document, tmp_path / "graph.json")
    run = ["--run-dir", str(tmp_path / "run"), "--steps", "1", "--set", "batch_size=2", "eval_size=2", "lr=0"]

    assert main(["train", str(tmp_path / "graph.json"), "--from", str(files / name), *run]) == 0

    kept, own = load_file(tmp_path / "run" / "initial.safetensors"), builder.compile_document(document, seed=3)
    assert "20 of 20 parameters begin as in" in capsys.readouterr().out
    assert all(torch.equal(kept[key], own.state_dict()[key]) for key in kept)


def test_a_folder_without_weights_is_refused_as_a_beginning(
    document: Document, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builder.save(document, tmp_path / "graph.json")

    assert main(["train", str(tmp_path / "graph.json"), "--from", str(tmp_path), "--run-dir", "run"]) == 2

    assert "holds no weights" in capsys.readouterr().err
