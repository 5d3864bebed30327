"""Exports of every template, loaded in a fresh process without this project: they say what the model says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import builder
from builder import templates
from builder.bundle import bundle_of
from builder.export import with_inputs
from engine.export import export
from engine.program import inputs_for, ports_of

LOADING = Path(__file__).with_name("loading.py")  # not imported: it locks this project out of its process
SMALL = {
    "d_model": 16, "n_heads": 2, "n_kv_heads": 1, "d_ff": 32, "n_layers": 1, "vocab_size": 11, "max_len": 12,
}  # fmt: skip
FAMILIES = [name for name in templates.names() if not name.startswith("tiny")]
MASKED = {"bert": ("padding",), "transformer": ("source_padding", "padding")}
OTHERS = {"gpt2": ("code", "mlflow"), "vit": ("mlflow", "arrays")}
CLOSE = {"onnx": 1e-4}  # all others: not at all apart
EXPORTS = [
    (name, format) for name in FAMILIES for format in ("pt2", "onnx", *OTHERS.get(name, ()))
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """How far each export is from its model, told by one process that has loaded them all."""
    root = tmp_path_factory.mktemp("exports")
    for name in FAMILIES:
        write(name, root / name)
    done = subprocess.run(
        [sys.executable, "-I", str(LOADING), str(root)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def write(name: str, folder: Path) -> None:
    """Exports of a template with fresh weights, and what it says to batches of several sizes."""
    symbols = templates.TEMPLATES[name].symbols
    document = templates.build(name, **{key: value for key, value in SMALL.items() if key in symbols})
    model = builder.compile_document(document, seed=1)
    bundle = with_inputs(bundle_of(model, document, None, {}), MASKED.get(name, ()))
    for format in ("pt2", "onnx", *OTHERS.get(name, ())):
        export(bundle, {"arrays": "mlflow"}.get(format, format), folder / format)
    ports = ports_of(model, bundle.ports)
    model.eval()
    with torch.no_grad():
        asked = [inputs_for(ports, batch=batch, length=length) for batch, length in ((1, 1), (2, 9), (5, 3))]
        torch.save([{"inputs": inputs, "logits": model(**inputs)} for inputs in asked], folder / "cases.pt")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "format"), EXPORTS)
def test_an_export_says_what_the_model_says_where_this_project_is_not(
    found: dict[str, float], name: str, format: str
) -> None:
    assert found[f"{name}/{format}"] <= CLOSE.get(format, 0.0)
