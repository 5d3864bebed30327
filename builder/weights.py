"""The weights of whatever opens as a graph, as a safetensors file: that of an export, or one made of it.

A program or an ONNX file is converted once and kept below `engine.locations.opened`, under a name made of its
bytes. Nothing that is opened runs code.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from builder import opening, store
from builder.compile import compile_document
from builder.document import Document
from builder.names import slug
from engine import checkpoints, locations
from engine.beginnings import Shape, shapes_in
from engine.errors import FileError, RunError, StepwiseError
from engine.exporting.onnx_weights import read_onnx
from engine.exporting.program_weights import read_program

READERS: dict[str, Callable[[Path, Mapping[str, Shape]], dict[str, Tensor]]] = {
    ".pt2": read_program,
    ".onnx": read_onnx,
}
TOLD = 5  # names of missing weights in a message


def weights_of(path: Path) -> Path | None:
    """The weights that an export, an imported graph or a run comes with; `None` if it has none.

    Args:
        path: As for `builder.opening.open_graph`; of a run it is the newest checkpoint that counts.

    Returns:
        A safetensors file.

    Raises:
        FileError: If they cannot be read, or some are missing.
    """
    if saved := checkpoints.steps(path):
        return _sound(checkpoints.weights_of(path, saved[-1]))
    if beside := opening.weights_beside(path):
        return _sound(beside)
    within = opening.weights_within(path)
    return _converted(within) if within else None


def weights_at(path: Path) -> Path:
    """The safetensors file that a user names: itself, that of an export, or the newest checkpoint of a run.

    Raises:
        FileError: If it is not there, or cannot be read.
        RunError: If a folder holds no weights.
    """
    path = opening.existing(path)
    found = weights_of(path) or path
    if found.is_dir():
        raise RunError(f"{path} holds no weights. Name a safetensors file, an export, or a run with a checkpoint.")
    return found


def keep(file: Path) -> Path:
    """The weights of a file that will not stay where it is, in a file of our own.

    Raises:
        FileError: If they cannot be read, or some are missing.
    """
    if file.suffix.lower() in READERS:
        return _converted(file)
    _sound(file)
    return _made(file, lambda draft: checkpoints.link(file, draft))


def _sound(file: Path) -> Path:
    try:
        shapes_in(file)
    except RunError as error:
        raise FileError(f"The weights of its graph are damaged: {error}") from None
    return file


def _converted(file: Path) -> Path:
    document = opening.open_graph(file)

    def write(draft: Path) -> None:
        save_file(_complete(file, document), draft, metadata={"graph": store.dumps(document)})

    return _made(file, write)


def _made(file: Path, write: Callable[[Path], object]) -> Path:
    """What `write` makes of a file, unless that was done before."""
    final = locations.opened() / f"{slug(file.stem)}-{_digest(file)}.safetensors"
    if final.exists():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f".draft-{os.getpid()}-{final.name}")
    try:
        write(draft)
        draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)
    return final


def _digest(file: Path) -> str:
    """A short name for the bytes of a file, and of those that a large ONNX file has beside it."""
    beside = file.with_name(f"{file.name}.data")
    parts = [path for path in (file, beside) if path.is_file()]
    whole = hashlib.sha256()
    for path in parts:
        with path.open("rb") as read:
            whole.update(hashlib.file_digest(read, "sha256").digest())
    return whole.hexdigest()[:16]


def _complete(file: Path, document: Document) -> dict[str, Tensor]:
    """All weights of a model, tied ones once.

    Raises:
        FileError: If one is not in the file.
    """
    wanted = _wanted(document)
    shapes = {name: shape for names, shape in wanted for name in names}
    found = _read(file, shapes)
    kept = {names[0]: next((name for name in names if name in found), None) for names, _ in wanted}
    if missing := [name for name, own in kept.items() if own is None]:
        more = f" and {len(missing) - TOLD} more" if len(missing) > TOLD else ""
        raise FileError(
            f"{file.name} holds {len(kept) - len(missing)} of the {len(kept)} weights of its graph; "
            f"{', '.join(missing[:TOLD])}{more} cannot be read. Export it again, or open its safetensors."
        )
    return {own: found[own] for own in kept.values() if own is not None}


def _read(file: Path, shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    try:
        return READERS[file.suffix.lower()](file, shapes)
    except StepwiseError:
        raise
    except (*opening.DAMAGED, TypeError, AttributeError) as error:
        raise FileError(f"The weights in {file.name} cannot be read: {error}. Is it the whole file?") from error


def _wanted(document: Document) -> list[tuple[list[str], Shape]]:
    """What a model has to be given: the names of each tensor, of which tied ones have several, and its shape.

    Raises:
        FileError: If the graph cannot become a model.
    """
    try:
        with torch.device("meta"):
            state = compile_document(document).state_dict(keep_vars=True)
    except StepwiseError as error:
        raise FileError(f"The graph cannot become a model, so its weights are not read: {error}") from None
    names: dict[int, list[str]] = {}
    for name, tensor in state.items():
        names.setdefault(id(tensor), []).append(name)
    return [(own, tuple(state[own[0]].shape)) for own in names.values()]
