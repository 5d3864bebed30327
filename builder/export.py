"""Taking a model away in one of the formats of `engine.export`: a run's, or a graph's with fresh weights."""

from __future__ import annotations

from pathlib import Path

from builder import store
from builder.compile import compile_document
from builder.run import bundle_of, check_trainable, export_bundle
from engine import export
from engine.errors import ExportError


def export_run(folder: Path, format: str, out: Path, step: int | None = None) -> Path:
    """Write a run's model below the folder `out`.

    Args:
        folder: The run.
        format: One of `engine.export.FORMATS`.
        out: A new or empty folder.
        step: The checkpoint; the newest if not given.

    Returns:
        The file or folder to load.

    Raises:
        StepwiseError: If there is no such format or checkpoint, or the model cannot be written so.
    """
    export.check(format, out)
    return export.export(export_bundle(folder, step), format, out)


def export_graph(file: Path, format: str, out: Path, task: str = "", seed: int = 0) -> Path:
    """Write the model of a graph with fresh weights; see `export_run`.

    Args:
        file: The graph.
        format: One of `engine.export.FORMATS`.
        out: A new or empty folder.
        task: Whose tokens it reads; the document's own if empty.
        seed: Of the weights.

    Raises:
        ExportError: If no task is named, or the model cannot be written so.
        StepwiseError: If the graph is not well-formed or does not fit the task.
    """
    export.check(format, out)
    document = store.load(file)
    task = task or document.task
    if not task:
        raise ExportError(f"{file} names no task. Give one with --task; see `stepwise tasks`.")
    check_trainable(document, task)
    model = compile_document(document, seed=seed)
    return export.export(bundle_of(model, document, task, {"task": task, "step": "0"}), format, out)
