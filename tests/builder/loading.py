"""Loads exported models where this project is not, and tells how far they are from what they should say.

Run as `python -I loading.py FOLDER`: each folder below has `cases.pt`, inputs and the outputs that the model gave,
and an export in each of the folders named in `LOADERS`. Prints the largest difference of each as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for name in ("builder", "engine", "views"):
    sys.modules[name] = None  # type: ignore[assignment]

import torch  # noqa: E402 -- after the names above cannot be imported

Model = Callable[..., Any]


def program(folder: Path) -> Model:
    """A program of torch's own."""
    return torch.export.load(folder / "model.pt2").module()


def onnx(folder: Path) -> Model:
    """An ONNX file under onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    return lambda **inputs: torch.from_numpy(session.run(["logits"], {k: v.numpy() for k, v in inputs.items()})[0])


def of_tensors(folder: Path) -> Model:
    """The pytorch flavour of an MLflow model."""
    import mlflow.pytorch

    return mlflow.pytorch.load_model(str(folder))


def of_arrays(folder: Path) -> Model:
    """The pyfunc flavour of an MLflow model that reads no text."""
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(folder))
    return lambda **inputs: torch.from_numpy(model.predict({k: v.numpy() for k, v in inputs.items()})["logits"])


def code(folder: Path) -> Model:
    """Generated code with the weights beside it."""
    from safetensors.torch import load_model

    spec = importlib.util.spec_from_file_location("generated", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generated"] = module
    spec.loader.exec_module(module)
    model = module.build_model()
    load_model(model, folder / "model.safetensors")
    return model.eval()


LOADERS: dict[str, Callable[[Path], Model]] = {
    "pt2": program, "onnx": onnx, "code": code, "mlflow/pytorch": of_tensors, "mlflow/pyfunc": of_arrays,
}  # fmt: skip


def differences(root: Path) -> Iterator[tuple[str, float]]:
    """The name of each export and its largest difference."""
    for cases in sorted(root.glob("*/cases.pt")):
        asked = torch.load(cases, weights_only=True)
        for kind, load in LOADERS.items():
            with torch.no_grad():
                model = load(cases.parent / kind.partition("/")[0])
                apart = [(model(**case["inputs"]) - case["logits"]).abs().max() for case in asked]
            yield f"{cases.parent.name}/{kind}", float(torch.stack(apart).max())


if __name__ == "__main__":
    print(json.dumps(dict(differences(Path(sys.argv[1])))))
