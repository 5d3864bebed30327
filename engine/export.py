"""Taking a model away: an MLflow model that answers text, safetensors, ONNX, or a program for torch alone.

Every exported thing carries its graph, so that it can be opened on the canvas again, and none needs this
project where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ExportError
from engine.exporting.bundle import ExportBundle, Exported, Speech
from engine.exporting.files import export_program, export_safetensors
from engine.exporting.mlflow_folder import export_mlflow, log_mlflow
from engine.exporting.onnx_file import export_onnx
from engine.registry import Registry

__all__ = ["FORMATS", "ExportBundle", "Exported", "Format", "Speech", "check", "export", "log_mlflow"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A way to take a model away.

    Args:
        title: What the window calls it.
        about: What it is good for, in one sentence.
        write: Writes a bundle into a folder that is new or empty.
        has_inputs: Whether what is written has inputs, of which optional ones can be among.
    """

    title: str
    about: str
    write: Callable[[ExportBundle, Path], Exported]
    has_inputs: bool = False


FORMATS: Registry[Format] = Registry("export format")

FORMATS.add(
    "mlflow",
    Format(
        title="MLflow model",
        about="A folder to load or serve anywhere: text in, text out; its pytorch flavour takes tensors.",
        write=export_mlflow,
    ),
)
FORMATS.add(
    "safetensors",
    Format(
        title="safetensors",
        about="The weights in one file that runs no code when it is read, named as on the canvas.",
        write=export_safetensors,
    ),
)
FORMATS.add(
    "onnx",
    Format(
        title="ONNX",
        about="For onnxruntime and other runtimes, any batch and length; compared with the model once written.",
        write=export_onnx,
        has_inputs=True,
    ),
)
FORMATS.add(
    "pt2",
    Format(
        title="PyTorch program (.pt2)",
        about="Runs with torch alone by torch.export.load, any batch and length.",
        write=export_program,
        has_inputs=True,
    ),
)


def export(bundle: ExportBundle, format: str, out: Path) -> Exported:
    """Write the model below the folder `out`.

    Returns:
        The file or folder to load, and what was found on the way.

    Raises:
        UnknownNameError: If there is no such format.
        ExportError: If the model cannot be written so, or `out` has something in it.
    """
    check(format, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    return FORMATS[format].write(bundle, out)


def check(format: str, out: Path) -> None:
    """Refuse what `export` would refuse, before a model is made.

    Raises:
        UnknownNameError: If there is no such format.
        ExportError: If `out` has something in it.
    """
    _ = FORMATS[format]
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} is not empty. Name a new folder, or remove what is in it.")
