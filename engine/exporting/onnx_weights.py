"""The weights in an ONNX file: its exporter's initializers get the names of the weights, and are found by them.

The exporter transposes small matrices while it writes, keeps one of several small weights with the same numbers, and
drops those that nothing uses. So a weight is the initializer of its name; that of its name and `.T`, transposed; that
of another name, as the file's metadata say; or one that no node uses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import FileError

ALIKE = "alike"  # entry of the metadata: weights that are the same numbers as another initializer
TRANSPOSED = ".T"


def name_weights(graph: Any, state: Mapping[str, Tensor]) -> dict[str, str]:
    """Have every weight in a graph, under a name that tells which it is.

    Args:
        graph: An `onnx_ir.Graph`; its initializers are renamed, and those that it lacks are added.
        state: The weights, by name.

    Returns:
        What to write under `ALIKE`: weights that have no initializer of their own, and which has their numbers.
    """
    lost = {name: tensor.detach().cpu() for name, tensor in state.items() if name not in graph.initializers}
    shapes = {shape for tensor in lost.values() for shape in (tuple(tensor.shape), tuple(tensor.shape)[::-1])}
    known = {
        _key(torch.from_numpy(value.const_value.numpy())): value
        for name, value in graph.initializers.items()
        if tuple(value.const_value.shape.numpy()) in shapes
    }
    alike = {}
    for name, tensor in lost.items():
        same, transposed = known.get(_key(tensor)), known.get(_key(tensor.mT)) if tensor.ndim == 2 else None
        if same is not None:
            alike[name] = same
        elif transposed is not None and transposed.name not in state and not transposed.name.endswith(TRANSPOSED):
            transposed.name = name + TRANSPOSED
        else:
            _add(graph, name, tensor)
    return {name: value.name for name, value in alike.items()}


def _key(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype, tensor.contiguous().numpy().tobytes()


def _add(graph: Any, name: str, tensor: Tensor) -> None:
    """Add an initializer that no node uses."""
    import onnx_ir  # type: ignore[import-untyped,import-not-found,unused-ignore]

    value = onnx_ir.val(name, const_value=onnx_ir.tensor(tensor.contiguous().numpy(), name=name))
    graph.register_initializer(value)


def read_onnx(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The weights that an ONNX file has under one of the names, with its shape.

    Args:
        file: What `engine.exporting.onnx_file` wrote.
        shapes: What is looked for, by the key in `state_dict`.

    Raises:
        FileError: If it is no ONNX file, takes numbers from outside its folder, or onnx is not installed.
        OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError: If it is damaged.
    """
    try:
        import onnx
    except ImportError:
        raise FileError(f"Reading {file.name} needs onnx. Install it: pip install 'stepwise[onnx]'.") from None
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped,import-not-found,unused-ignore]

    try:
        return dict(_found(onnx.load(file, load_external_data=False), file.parent, shapes))
    except DecodeError as error:
        raise FileError(f"{file.name} is no ONNX file: {error}.") from None
    except onnx.checker.ValidationError as error:
        raise FileError(f"{file.name} takes weights from a file that it may not read. {error}") from None


def _found(model: Any, folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Tensor]]:
    from onnx import numpy_helper

    stored = {entry.name: entry for entry in model.graph.initializer}
    facts = {entry.key: entry.value for entry in model.metadata_props}
    alike = json.loads(facts.get(ALIKE, "{}"))
    for name, shape in shapes.items():
        other = alike.get(name, name)
        entry = stored.get(other)
        is_transposed = entry is None
        entry = stored.get(f"{other}{TRANSPOSED}") if entry is None else entry
        if entry is not None and tuple(entry.dims) == (shape[::-1] if is_transposed else shape):
            tensor = torch.from_numpy(numpy_helper.to_array(entry, base_dir=str(folder)).copy())
            yield name, tensor.mT.contiguous() if is_transposed else tensor
