"""Taking a run's model away in one of the formats of `engine.export`."""

from __future__ import annotations

from pathlib import Path

from builder.run import export_bundle
from engine import export


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
