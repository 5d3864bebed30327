"""Taking a model away: an MLflow model that answers text, safetensors, or a program for torch alone.

Every exported thing carries its graph, so that it can be opened on the canvas again, and none needs this
project where it is used.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import save_model
from torch import nn

from engine.errors import ExportError
from engine.generation import longest_input
from engine.mlflow_tracker import quiet_mlflow
from engine.program import Kind, required_masks, to_program
from engine.registry import Registry

CARRIED = ("engine.errors", "engine.data.tokenizers", "engine.generation", "engine.pyfunc_model")


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportBundle:
    """A trained model with all it takes to talk to it.

    Args:
        model: Called by input-port name, gives logits.
        kind: What it does with text: `lm` goes on, `seq2seq` answers, `classifier` names a label.
        tokenizer: What `Tokenizer.to_dict` gave.
        graph: The document as JSON text.
        example: A text to try it with.
        labels: Names of the classes of a classifier.
        go: What stands between a text and its answer; an encoder-decoder's first token.
        stop: The token that ends an answer; empty if answers end by length only.
        max_new_tokens: Longest answer.
        metadata: Short facts to keep with the model: task, run, step.
    """

    model: nn.Module
    kind: Kind
    tokenizer: Mapping[str, Any]
    graph: str
    example: str
    labels: tuple[str, ...] = ()
    go: str = ""
    stop: str = ""
    max_new_tokens: int = 50
    metadata: Mapping[str, str] = field(default_factory=dict)


Exporter = Callable[[ExportBundle, Path], Path]
FORMATS: Registry[Exporter] = Registry("export format")


def export(bundle: ExportBundle, format: str, out: Path) -> Path:
    """Write the model below the folder `out`.

    Returns:
        The file or folder to load.

    Raises:
        UnknownNameError: If there is no such format.
        ExportError: If the model cannot be written so, or `out` has something in it.
    """
    check(format, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    return FORMATS[format](bundle, out)


def check(format: str, out: Path) -> None:
    """Refuse what `export` would refuse, before a model is made.

    Raises:
        UnknownNameError: If there is no such format.
        ExportError: If `out` has something in it.
    """
    _ = FORMATS[format]
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} is not empty. Name a new folder, or remove what is in it.")


def export_safetensors(bundle: ExportBundle, out: Path) -> Path:
    """Write the weights, with the graph in the file's metadata; tied ones are written once."""
    out.mkdir(exist_ok=True)
    file = out / "model.safetensors"
    save_model(bundle.model, str(file), metadata={**bundle.metadata, "graph": bundle.graph})
    return file


def export_program(bundle: ExportBundle, out: Path) -> Path:
    """Write `model.pt2`, which `torch.export.load` runs without this project, for any batch and length."""
    out.mkdir(exist_ok=True)
    file = out / "model.pt2"
    torch.export.save(to_program(bundle.model, bundle.kind), file, extra_files={"graph.json": bundle.graph})
    return file


def export_mlflow(bundle: ExportBundle, out: Path) -> Path:
    """Write a folder for `mlflow.pyfunc.load_model` and `mlflow models serve`."""
    with _mlflow_arguments(bundle) as arguments:
        import mlflow.pyfunc

        mlflow.pyfunc.save_model(path=str(out), **arguments)
    return out


def log_mlflow(bundle: ExportBundle, *, run_id: str, uri: str) -> None:
    """Store the model beside an MLflow run. It leaves the run terminated.

    Args:
        bundle: What to store.
        run_id: Id of the run.
        uri: The tracking store.
    """
    with _mlflow_arguments(bundle) as arguments:
        import mlflow

        mlflow.set_tracking_uri(uri)
        with mlflow.start_run(run_id=run_id, log_system_metrics=False):
            mlflow.pyfunc.log_model(name="model", **arguments)


FORMATS.add("mlflow", export_mlflow)
FORMATS.add("safetensors", export_safetensors)
FORMATS.add("pt2", export_program)


@contextmanager
def _mlflow_arguments(bundle: ExportBundle) -> Iterator[dict[str, Any]]:
    """Arguments of `mlflow.pyfunc.save_model` and `log_model`; their files live in this context."""
    with quiet_mlflow(), TemporaryDirectory() as folder:
        parts = {"program": "model.pt2", "tokenizer": "tokenizer.json", "graph": "graph.json"}
        files = {name: Path(folder) / file for name, file in parts.items()}
        torch.export.save(to_program(bundle.model, bundle.kind), files["program"])
        files["tokenizer"].write_text(json.dumps(bundle.tokenizer), "utf-8")
        files["graph"].write_text(bundle.graph, "utf-8")
        code = Path(folder) / "text_model.py"
        code.write_text(joined_source(CARRIED), "utf-8")
        yield {
            "python_model": str(code),
            "artifacts": {name: str(path) for name, path in files.items()},
            "signature": _signature(bundle),
            "input_example": [bundle.example],
            "pip_requirements": [f"{name}=={version(name).split('+')[0]}" for name in ("mlflow", "torch")],
            "model_config": _talk(bundle),
            "metadata": dict(bundle.metadata),
        }


def _talk(bundle: ExportBundle) -> dict[str, Any]:
    """How `TextModel` talks to the program."""
    return {
        "kind": bundle.kind, "go": bundle.go, "stop": bundle.stop, "labels": list(bundle.labels),
        "max_new_tokens": bundle.max_new_tokens, "max_len": longest_input(bundle.model),
        "masks": list(required_masks(bundle.model, bundle.kind)),
    }  # fmt: skip


def _signature(bundle: ExportBundle) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    text = Schema([ColSpec(DataType.string)])
    settings = [
        ParamSpec("max_new_tokens", DataType.long, bundle.max_new_tokens),
        ParamSpec("temperature", DataType.double, 0.0),
        ParamSpec("seed", DataType.long, 0),
    ]
    if bundle.kind == "classifier":
        return ModelSignature(inputs=text, outputs=text)
    return ModelSignature(inputs=text, outputs=text, params=ParamSchema(settings))


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
        inner = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in (
            "engine",
            "__future__",
        )
        if inner:
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)
