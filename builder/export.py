"""Taking a run, or a graph that was never trained, away in one of the formats of `engine.export`."""

from __future__ import annotations

from pathlib import Path

from builder import store
from builder.compile import compile_document
from builder.run import bundle_of, export_bundle
from engine import export
from engine.errors import ExportError
from engine.status import STATUS_FILE


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


def export_graph(file: Path, format: str, out: Path, seed: int = 0) -> Path:
    """Write the model of a graph with fresh weights; `export_run` tells of the rest.

    Raises:
        ExportError: If the graph names no task, which has the tokenizer.
    """
    export.check(format, out)
    document = store.load(file)
    if not document.task:
        raise ExportError(
            f"{file.name} names no task, and so no tokenizer. Train it first and export the run."
        )
    model = compile_document(document, seed=seed)
    return export.export(bundle_of(model, document, document.task, {"seed": str(seed)}), format, out)


def export_any(what: Path, format: str, out: Path) -> Path:
    """Write the model of a run folder or of a graph's file; see `export_run`."""
    exporter = export_run if (what / STATUS_FILE).exists() else export_graph
    return exporter(what, format, out)
