"""Taking a model away in one of the formats of `engine.export`: a run's, a graph's, or one that was exported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from builder import opening, store
from builder.bundle import bundle_of, export_bundle
from builder.compile import compile_document
from builder.document import Document
from builder.run import check_trainable
from builder.weights import weights_of
from engine import export
from engine.data import TASKS
from engine.errors import ExportError, FileError
from engine.export import FORMATS, ExportBundle, Exported, Format
from engine.registry import did_you_mean

__all__ = ["FORMATS", "export_code", "export_graph", "export_run", "model_of", "with_inputs"]
CODE = "code"


def export_run(folder: Path, format: str, out: Path, step: int | None = None, extra: Collection[str] = ()) -> Exported:
    """Write a run's model below the folder `out`.

    Args:
        folder: The run.
        format: One of `engine.export.FORMATS`.
        out: A new or empty folder.
        step: The checkpoint; the newest if not given.
        extra: Optional inputs that a program or ONNX file is to have: `padding`.

    Returns:
        The file or folder to load, and what was found on the way.

    Raises:
        StepwiseError: If there is no such format, checkpoint or input, or the model cannot be written so.
    """
    export.check(format, out)
    return export.export(with_inputs(export_bundle(folder, step), extra), format, out)


def export_graph(
    file: Path, format: str, out: Path, task: str = "", seed: int = 0, extra: Collection[str] = ()
) -> Exported:
    """Write the model of a graph with the weights beside it, or fresh ones if there are none; see `export_run`.

    Args:
        file: A graph, or another export.
        format: One of `engine.export.FORMATS`.
        out: A new or empty folder.
        task: Whose tokens it reads; the document's own if empty. Without any, an MLflow model takes tensors.
        seed: Of fresh weights.
        extra: Optional inputs that a program or ONNX file is to have.

    Raises:
        FileError: If the weights cannot be read.
        ExportError: If the model cannot be written so.
        StepwiseError: If the graph is not well-formed or does not fit the task.
    """
    export.check(format, out)
    document = opening.open_graph(file)
    task = task or document.task
    own = weights_of(file)
    if task:
        check_trainable(document, task)
    model = model_of(document, own, seed)
    facts = {"step": "0", **({"task": task} if task else {})}
    done = export.export(
        with_inputs(bundle_of(model, document, TASKS[task] if task else None, facts), extra), format, out
    )
    return done if own else replace(done, note=f"{done.note} The weights are fresh, not trained.".strip())


def model_of(document: Document, weights: Path | None, seed: int = 0) -> nn.Module:
    """The model of a graph, with the weights of a safetensors file, or fresh ones.

    Raises:
        FileError: If the file cannot be read, or its weights are not those of the graph.
    """
    model = compile_document(document, seed=seed)
    if weights is not None:
        try:
            load_model(model, weights)
        except (SafetensorError, OSError, RuntimeError) as error:
            raise FileError(f"{weights} does not hold the weights of its graph. {error}") from None
    return model


def with_inputs(bundle: ExportBundle, extra: Collection[str]) -> ExportBundle:
    """The bundle with some optional inputs made necessary ones.

    Raises:
        ExportError: If the model has no such input.
    """
    names = [port.name for port in bundle.ports]
    for name in extra:
        if name not in names:
            raise ExportError(f"The model has no input {name!r}. {did_you_mean(name, names)}")
    ports = tuple(replace(port, optional=port.optional and port.name not in extra) for port in bundle.ports)
    return replace(bundle, ports=ports)


def export_code(bundle: ExportBundle, out: Path) -> Exported:
    """Write `model.py`, which imports only torch, with the weights, the graph and a test beside it.

    Raises:
        StepwiseError: If the graph cannot be written as code.
    """
    from builder.codegen import generate_code
    from builder.codegen.probe import write_test

    source = generate_code(store.loads(bundle.graph))
    out.mkdir(exist_ok=True)
    file = out / "model.py"
    for name, text in {file.name: source, **bundle.papers}.items():
        (out / name).write_text(text, "utf-8")
    save_model(bundle.model, str(out / "model.safetensors"), metadata=bundle.facts)
    write_test(bundle.model, bundle.ports, out)
    return Exported(path=file, note="Its weights, its graph and a test are beside it.")


FORMATS.add(
    CODE,
    Format(
        title="Python code",
        about="A readable model.py that imports only torch, with its weights and the graph beside it.",
        write=export_code,
    ),
)
