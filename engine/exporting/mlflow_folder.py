"""An MLflow model: text in and text out, or the program itself, loaded without this project.

One folder has both flavours: `mlflow.pyfunc.load_model` gives what answers texts (arrays, if the model reads no
text), `mlflow.pytorch.load_model` the program for tensors. They share `artifacts/model.pt2`; a pickled module would
need our code. The weights are in the program alone, and are read from it when the graph is opened again.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch

from engine.errors import ExportError
from engine.exporting.bundle import ExportBundle, Exported, Speech
from engine.generation import longest_input
from engine.mlflow_tracker import quiet_mlflow
from engine.ports import Port
from engine.program import IDS, MASKS, difference, inputs_for, ports_of, required_masks, to_program

CARRIED = ("engine.errors", "engine.data.tokenizers", "engine.generation.decoding", "engine.pyfunc_model")
PROGRAM_FILE, TOKENIZER_FILE = "model.pt2", "tokenizer.json"
_LAST = "\n\nfrom mlflow.models import set_model\n\nset_model({}())\n"


def export_mlflow(bundle: ExportBundle, out: Path) -> Exported:
    """Write a folder for `mlflow.pyfunc.load_model`, `mlflow.pytorch.load_model` and `mlflow models serve`.

    Raises:
        ExportError: If the model cannot be traced, or takes other inputs than its task gives.
    """
    with _arguments(bundle) as arguments:
        from mlflow.models import Model

        _save(path=str(out), mlflow_model=Model(), **arguments)
        rmtree(out / "__pycache__", ignore_errors=True)  # MLflow has tried the model
        program = torch.export.load(out / "artifacts" / PROGRAM_FILE).module()
    apart = difference(program, bundle.model, ports_of(bundle.model, bundle.ports))
    return Exported(path=out, note=f"Its program differs from the model by {apart:.2g}.")


def log_mlflow(bundle: ExportBundle, *, run_id: str, uri: str) -> None:
    """Store the model beside an MLflow run. It leaves the run terminated.

    Args:
        bundle: What to store.
        run_id: Id of the run.
        uri: The tracking store.
    """
    with _arguments(bundle) as arguments:
        import mlflow
        from mlflow.models import Model

        mlflow.set_tracking_uri(uri)
        with mlflow.start_run(run_id=run_id, log_system_metrics=False):
            flavour = SimpleNamespace(save_model=_save, __name__="stepwise")
            Model.log(name="model", artifact_path=None, flavor=flavour, **arguments)


def _save(path: str, mlflow_model: Any, **arguments: Any) -> None:
    """Write the folder; MLflow calls this for `log_mlflow`, too."""
    import mlflow.pyfunc

    mlflow_model.add_flavor("pytorch", model_data="artifacts", pytorch_version=str(torch.__version__), code=None)
    mlflow.pyfunc.save_model(path=path, mlflow_model=mlflow_model, **arguments)


@contextmanager
def _arguments(bundle: ExportBundle) -> Iterator[dict[str, Any]]:
    """Arguments of `mlflow.pyfunc.save_model`; their files live in this context."""
    words = _text_arguments(bundle, bundle.speech) if bundle.speech else _tensor_arguments(bundle)
    with quiet_mlflow(), TemporaryDirectory() as name:
        folder = Path(name)
        program = to_program(bundle.model, ports_of(bundle.model, bundle.ports))
        torch.export.save(program, folder / PROGRAM_FILE, extra_files=bundle.papers)
        code = folder / "model_code.py"
        code.write_text(joined_source(CARRIED) + _LAST.format(words["python_model"]), "utf-8")
        tokenizer = bundle.speech.tokenizer if bundle.speech else {}
        texts = {**bundle.papers, **({TOKENIZER_FILE: json.dumps(tokenizer)} if tokenizer else {})}
        for file, text in texts.items():
            (folder / file).write_text(text, "utf-8")
        files = {"program": folder / PROGRAM_FILE, **{Path(file).stem: folder / file for file in texts}}
        yield {
            **words,
            "python_model": str(code),
            "artifacts": {name: str(file) for name, file in files.items()},
            "pip_requirements": _requirements(tokenizer.get("kind") == "subwords"),
            "metadata": dict(bundle.metadata),
        }


def _requirements(has_subwords: bool) -> list[str]:
    """What the model needs where it is loaded, with versions."""
    names = ("mlflow", "torch", *(["tokenizers"] if has_subwords else []))
    return [f"{name}=={version(name).split('+')[0]}" for name in names]


def _text_arguments(bundle: ExportBundle, speech: Speech) -> dict[str, Any]:
    """What `TextModel` is told, and what MLflow is told of it."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    text = Schema([ColSpec(DataType.string)])
    settings = [
        ParamSpec("max_new_tokens", DataType.long, speech.max_new_tokens),
        ParamSpec("temperature", DataType.double, 0.0),
        ParamSpec("seed", DataType.long, 0),
    ]
    params = ParamSchema(settings) if speech.kind in ("lm", "seq2seq") else None
    talk = {key: value for key, value in asdict(speech).items() if key not in ("tokenizer", "example")}
    required_masks(bundle.model, speech.kind)
    masks = [port.name for port in ports_of(bundle.model, bundle.ports) if port.name not in IDS[speech.kind]]
    if others := [name for name in masks if name not in MASKS]:
        raise ExportError(f"An MLflow model of text cannot fill the input {others[0]!r}. Export pt2 or onnx with it.")
    return {
        "python_model": "TextModel",
        "model_config": {**talk, "max_len": longest_input(bundle.model), "masks": masks, "labels": list(speech.labels)},
        "signature": ModelSignature(inputs=text, outputs=text, **({"params": params} if params else {})),
        "input_example": [speech.example],
    }


def _tensor_arguments(bundle: ExportBundle) -> dict[str, Any]:
    """What `TensorModel` is told, and what MLflow is told of it."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    ports = ports_of(bundle.model, bundle.ports)
    example = {name: tensor.numpy() for name, tensor in inputs_for(ports, batch=2, length=4).items()}

    def spec(port: Port) -> TensorSpec:
        shape = tuple(int(dim) if dim.isdigit() else -1 for dim in port.shape.split())
        return TensorSpec(example[port.name].dtype, shape, port.name)

    return {
        "python_model": "TensorModel",
        "model_config": {"inputs": [port.name for port in ports], "outputs": list(bundle.outputs)},
        "signature": ModelSignature(inputs=Schema([spec(port) for port in ports])),
        "input_example": example,
    }


def joined_source(modules: tuple[str, ...]) -> str:
    """One source file made of several modules of ours, without what they import from each other.

    Args:
        modules: Names, each after those it imports from.
    """
    return "from __future__ import annotations\n" + "\n\n".join(_own_source(name) for name in modules)


def _own_source(module: str) -> str:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    text = Path(found.origin).read_text("utf-8")
    lines = text.splitlines()
    for node in ast.parse(text).body:
        inner = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("engine", "__future__")
        if inner:
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)
