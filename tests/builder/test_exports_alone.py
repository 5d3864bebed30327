"""Exports of every template, loaded in a fresh process without this project: they say what the model says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

import builder
from builder import templates
from builder.bundle import bundle_of
from builder.export import model_of, with_inputs
from builder.opening import open_graph
from builder.weights import weights_of
from engine.export import export
from engine.program import inputs_for, ports_of

LOADING = Path(__file__).with_name("loading.py")  # not imported: it locks this project out of its process
SMALL = {
    "d_model": 16, "n_heads": 2, "n_kv_heads": 1, "d_ff": 32, "n_layers": 1, "vocab_size": 11, "max_len": 12,
}  # fmt: skip
FAMILIES = [name for name in templates.names() if not name.startswith("tiny")]
FORMATS = ("pt2", "onnx", "code", "mlflow")
LOADED = ("pt2", "onnx", "code", "mlflow/pytorch", "mlflow/pyfunc")
CLOSE = {"onnx": 1e-4}  # all others: not at all apart
SIZES = ((2, 9), (1, 1), (5, 3))  # batch and length
UNPADDED = ["vit"]
WEIGHTS = "code/model.safetensors"  # below the exports of a template


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exports of each template."""
    root = tmp_path_factory.mktemp("exports")
    for name in FAMILIES:
        write(name, root / name)
    return root


@pytest.fixture(scope="module")
def found(root: Path) -> dict[str, float]:
    """How far each export is from its model, told by one process that has loaded them all."""
    done = subprocess.run(
        [sys.executable, "-I", str(LOADING), str(root)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def write(name: str, folder: Path) -> None:
    """Exports of a template with fresh weights, and what it says to batches of several sizes, with padding."""
    symbols = templates.TEMPLATES[name].symbols
    document = templates.build(name, **{key: value for key, value in SMALL.items() if key in symbols})
    model = builder.compile_document(document, seed=1)
    bundle = bundle_of(model, document, None, {})
    masks = [port.name for port in bundle.ports if port.kind == "mask"]
    bundle = with_inputs(bundle, masks)
    for format in FORMATS:
        export(bundle, format, folder / format)
    model.eval()
    asked = [padded(inputs_for(ports_of(model, bundle.ports), batch=b, length=n)) for b, n in SIZES]
    with torch.no_grad():
        told = [model(**inputs) for inputs in asked]
        for mask in masks:
            assert not torch.equal(model(**{key: value for key, value in asked[0].items() if key != mask}), told[0])
    assert masks or name in UNPADDED
    torch.save([{"inputs": i, "logits": y} for i, y in zip(asked, told, strict=True)], folder / "cases.pt")


def padded(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inputs with masks that hide one more token at the start of each row, but the last one never."""

    def mask(shape: torch.Size) -> Tensor:
        hidden = torch.arange(1, shape[0] + 1).clamp(max=shape[1] - 1)  # (B,)
        return torch.arange(shape[1]) >= hidden[:, None]  # (B, T)

    return {name: mask(value.shape) if value.dtype == torch.bool else value for name, value in inputs.items()}


@pytest.mark.slow
@pytest.mark.parametrize("format", LOADED)
@pytest.mark.parametrize("name", FAMILIES)
def test_an_export_says_what_the_model_says_where_this_project_is_not(
    found: dict[str, float], name: str, format: str
) -> None:
    assert found[f"{name}/{format}"] <= CLOSE.get(format, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_an_mlflow_model_holds_its_weights_once_and_opens_with_them(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    folder = root / name / "mlflow"

    weights = weights_of(folder)

    assert not list(folder.rglob("*.safetensors"))
    assert weights is not None
    opened, own = (model_of(open_graph(folder), file).state_dict() for file in (weights, root / name / WEIGHTS))
    assert all(torch.equal(tensor, own[key]) for key, tensor in opened.items())
