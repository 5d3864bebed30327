"""Opening anything that carries a graph: graph files, run folders and whatever `engine.export` has written.

Nothing that is opened runs code: of programs and models only the text of the graph is read.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from builder import limits, store
from builder.document import Document
from engine.errors import FileError, StepwiseError

GRAPH = "graph.json"
SHOWN = 200  # characters of a path in a message
WEIGHTS = "weights.safetensors"  # what `stepwise import` puts beside a graph
FOLDERS = (GRAPH, f"artifacts/{GRAPH}")  # of a run or exported code; of an MLflow model
DAMAGED = (  # what readers raise of files that are cut off, changed, encrypted or packed in another way
    OSError, ValueError, LookupError, EOFError, RuntimeError, BadZipFile, zlib.error, LZMAError, struct.error
)  # fmt: skip
FILES = ("model.safetensors", "model.pt2", "model.onnx")  # what an export's folder holds


def open_graph(path: Path | str) -> Document:
    """Read the graph that a file or folder carries.

    Args:
        path: A graph file; a run's folder; a .safetensors, .pt2 or .onnx file of ours; an MLflow model or another
            export's folder.

    Raises:
        FileError: If there is nothing at `path`, or it carries no graph; the message says what was looked for.
    """
    path = existing(path)
    try:
        return _in_folder(path) if path.is_dir() else _in_file(path)
    except StepwiseError:
        raise
    except DAMAGED as error:
        raise FileError(f"{path} cannot be read: {error}. Is it the whole file?") from error


def existing(path: Path | str) -> Path:
    """Where a file or folder is, with `~` resolved.

    Raises:
        FileError: If it is not there, or its name cannot be one.
    """
    try:
        if (found := Path(path).expanduser()).exists():
            return found
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileError(f"{_short(path)} cannot be looked for: {reason}. Check the name.") from None
    raise FileError(f"There is no file or folder {_short(path)}. Check the name.")


def weights_beside(path: Path) -> Path | None:
    """The safetensors file with the weights of an export, or of a graph that was imported; `None` if there is none."""
    if path.suffix.lower() == ".safetensors":
        return path if path.is_file() else None
    imported = path / WEIGHTS if path.is_dir() else path.with_name(WEIGHTS)
    beside = [path / FILES[0], imported] if path.is_dir() else [imported] if path.suffix == ".json" else []
    return next((file for file in beside if file.is_file()), None)


def weights_within(path: Path) -> Path | None:
    """The program or ONNX file that holds the weights of an export; see `builder.weights`."""
    if not path.is_dir():
        return path if path.suffix.lower() in (".pt2", ".onnx") and path.is_file() else None
    inside = [*(path / name for name in FILES[1:]), path / f"artifacts/{FILES[1]}"]
    return next((file for file in inside if file.is_file()), None)


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


def _in_file(path: Path) -> Document:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return store.load(path)
    text = reader(path)
    if text is None:
        raise FileError(f"{path.name} carries no graph of Stepwise in its metadata. Open the run, or its {GRAPH}.")
    return store.loads(text)


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


def _short(path: Path | str) -> str:
    return text if len(text := str(path)) <= SHOWN else f"{text[:SHOWN]}…"


def _check_size(path: Path, size: int) -> None:
    if size > limits.MAX_BYTES:
        raise FileError(f"The graph in {path.name} has {size} bytes; at most {limits.MAX_BYTES} are allowed.")


READERS: dict[str, Callable[[Path], str | None]] = {".safetensors": _safetensors, ".pt2": _program, ".onnx": _onnx}
