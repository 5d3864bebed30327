"""An MLflow model: text in and text out, or the program itself, loaded without this project.

One folder has both flavours: `mlflow.pyfunc.load_model` gives what answers texts, `mlflow.pytorch.load_model` the
program for tensors. They share `artifacts/model.pt2`; a pickled module would need our code.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch

from engine.errors import ExportError
from engine.exporting.bundle import ExportBundle, Exported, Speech
from engine.generation import longest_input
from engine.mlflow_tracker import quiet_mlflow
from engine.program import difference, ports_of, required_masks, to_program

CARRIED = ("engine.errors", "engine.data.tokenizers", "engine.generation.decoding", "engine.pyfunc_model")
PROGRAM_FILE, TOKENIZER_FILE = "model.pt2", "tokenizer.json"


def export_mlflow(bundle: ExportBundle, out: Path) -> Exported:
    """Write a folder for `mlflow.pyfunc.load_model`, `mlflow.pytorch.load_model` and `mlflow models serve`.

    Raises:
        ExportError: If the model cannot be asked with text.
    """
    with _arguments(bundle) as arguments:
        from mlflow.models import Model

        _save(path=str(out), mlflow_model=Model(), **arguments)
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
    speech = bundle.speech
    if speech is None:
        raise ExportError("An MLflow model answers texts; name the task whose tokens it reads, or export pt2.")
    masks = list(required_masks(bundle.model, speech.kind))
    with quiet_mlflow(), TemporaryDirectory() as name:
        folder = Path(name)
        torch.export.save(to_program(bundle.model, ports_of(bundle.model, bundle.ports)), folder / PROGRAM_FILE)
        texts = {TOKENIZER_FILE: json.dumps(speech.tokenizer), **bundle.papers}
        for file, text in texts.items():
            (folder / file).write_text(text, "utf-8")
        code = folder / "text_model.py"
        code.write_text(joined_source(CARRIED), "utf-8")
        files = [folder / file for file in (PROGRAM_FILE, *texts)]
        yield {
            "python_model": str(code),
            "artifacts": {_artifact(file): str(file) for file in files},
            "signature": _signature(speech),
            "input_example": [speech.example],
            "pip_requirements": _requirements(speech),
            "model_config": {**_talk(speech), "max_len": longest_input(bundle.model), "masks": masks},
            "metadata": dict(bundle.metadata),
        }


def _artifact(file: Path) -> str:
    return "program" if file.name == PROGRAM_FILE else file.stem


def _requirements(speech: Speech) -> list[str]:
    """What must be installed where the model is asked."""
    packages = ["mlflow", "torch", *(["tokenizers"] if speech.tokenizer["kind"] == "subwords" else [])]
    return [f"{package}=={version(package).split('+')[0]}" for package in packages]


def _talk(speech: Speech) -> dict[str, Any]:
    """How `TextModel` talks to the program."""
    return {
        "kind": speech.kind, "go": speech.go, "stop": speech.stop, "labels": list(speech.labels),
        "max_new_tokens": speech.max_new_tokens,
    }  # fmt: skip


def _signature(speech: Speech) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    text = Schema([ColSpec(DataType.string)])
    settings = [
        ParamSpec("max_new_tokens", DataType.long, speech.max_new_tokens),
        ParamSpec("temperature", DataType.double, 0.0),
        ParamSpec("seed", DataType.long, 0),
    ]
    if speech.kind == "classifier":
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
        inner = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("engine", "__future__")
        if inner:
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)
