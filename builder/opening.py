"""Opening anything that carries a graph: graph files, run folders and whatever `engine.export` has written.

Nothing that is opened runs code: of programs and models only the text of the graph is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from builder import limits, store
from builder.document import Document
from engine.errors import FileError

GRAPH = "graph.json"
WEIGHTS = "weights.safetensors"  # what `stepwise import` puts beside a graph
FOLDERS = (GRAPH, f"artifacts/{GRAPH}")  # of a run or exported code; of an MLflow model
FILES = ("model.safetensors", "model.pt2", "model.onnx")  # what an export's folder holds


def open_graph(path: Path | str) -> Document:
    """Read the graph that a file or folder carries.

    Args:
        path: A graph file; a run's folder; a .safetensors, .pt2 or .onnx file of ours; an MLflow model or another
            export's folder.

    Raises:
        FileError: If there is nothing at `path`, or it carries no graph; the message says what was looked for.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"There is no file or folder {path}. Check the name.")
    if path.is_dir():
        return _in_folder(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return store.load(path)
    try:
        text = reader(path)
    except FileError:
        raise
    except (OSError, ValueError, KeyError, RecursionError, BadZipFile) as error:
        raise FileError(f"{path} cannot be read: {error}. Is it the whole file?") from error
    if text is None:
        raise FileError(f"{path.name} carries no graph of Stepwise in its metadata. Open the run, or its {GRAPH}.")
    return store.loads(text)


def weights_beside(path: Path) -> Path | None:
    """The safetensors file with the weights of an export, or of a graph that was imported; `None` if there is none."""
    if path.suffix == ".safetensors":
        return path if path.is_file() else None
    imported = path / WEIGHTS if path.is_dir() else path.with_name(WEIGHTS)
    beside = [path / FILES[0], imported] if path.is_dir() else [imported] if path.suffix == ".json" else []
    return next((file for file in beside if file.is_file()), None)


def has_other_weights(path: Path) -> bool:
    """Whether an export holds weights that only its own format can read."""
    inside = (path / FOLDERS[1], *(path / name for name in FILES[1:]))
    return path.suffix in (".pt2", ".onnx") or any(file.exists() for file in inside)


def _in_folder(folder: Path) -> Document:
    for name in FOLDERS:
        if (folder / name).is_file():
            return store.load(folder / name)
    for name in FILES:
        if (folder / name).is_file():
            return open_graph(folder / name)
    if (folder / "config.json").is_file():
        raise FileError(f"{folder} is no export of ours. If it is a model of transformers: `stepwise import {folder}`.")
    looked = ", ".join((*FOLDERS, *FILES))
    raise FileError(f"{folder} holds no graph: there is none of {looked}. Name a run, an export, or a graph file.")


def _safetensors(path: Path) -> str | None:
    """The graph in the header: 8 bytes of its length, then JSON."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        _check_size(path, size)
        header = json.loads(file.read(size))
    facts = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    found = facts.get("graph") if isinstance(facts, dict) else None
    return found if isinstance(found, str) else None


def _program(path: Path) -> str | None:
    """The graph among the extra files of a .pt2 archive, which is a zip."""
    with ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.split("/")[-2:] == ["extra", GRAPH]:
                _check_size(path, info.file_size)
                return archive.read(info).decode("utf-8")
    return None


def _onnx(path: Path) -> str | None:
    """The graph in the metadata of an ONNX file.

    Raises:
        FileError: If onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise FileError(f"Reading {path.name} needs onnx. Install it: pip install 'stepwise[onnx]'.") from None
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped,import-not-found,unused-ignore]

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise FileError(f"{path.name} is no ONNX file: {error}.") from None
    return next((entry.value for entry in model.metadata_props if entry.key == "graph"), None)


def _check_size(path: Path, size: int) -> None:
    if size > limits.MAX_BYTES:
        raise FileError(f"The graph in {path.name} has {size} bytes; at most {limits.MAX_BYTES} are allowed.")


READERS: dict[str, Callable[[Path], str | None]] = {".safetensors": _safetensors, ".pt2": _program, ".onnx": _onnx}
