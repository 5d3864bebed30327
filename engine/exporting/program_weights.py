"""The weights in a .pt2 file, read as bytes: `torch.export.load` would unpickle what a stranger has put into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import torch
from torch import Tensor

CONFIG = "data/weights/model_weights_config.json"  # below the archive's one folder; records lie beside it
MOST = 64 * 1024 * 1024  # bytes of the list of weights
DTYPES = {
    4: torch.int32, 5: torch.int64, 6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool,
    13: torch.bfloat16,
}  # fmt: skip
"""Numbers of `torch._export.serde.schema.ScalarType`."""


def read_program(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tensors of a program that have one of the names and its shape; no code of the file is run.

    Args:
        file: What `torch.export.save` wrote.
        shapes: What is looked for, by the key in `state_dict`.

    Raises:
        OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, BadZipFile: If it is damaged.
    """
    with ZipFile(file) as archive:
        return _tensors(archive, shapes)


def _tensors(archive: ZipFile, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    root = archive.namelist()[0].split("/")[0] if archive.namelist() else ""
    listed = json.loads(_record(archive, f"{root}/{CONFIG}", MOST))["config"]
    folder = f"{root}/{CONFIG}".rpartition("/")[0]
    found = {}
    for name, entry in listed.items():
        if name in shapes and not entry["use_pickle"]:
            record = _record(archive, f"{folder}/{entry['path_name']}")
            tensor = _tensor(record, entry["tensor_meta"], shapes[name])
            if tensor is not None:
                found[name] = tensor
    return found


def _record(archive: ZipFile, name: str, most: int | None = None) -> bytes:
    """One file of the archive; torch stores them as they are, so that none is larger than the archive."""
    info = archive.getinfo(name)
    if info.compress_type != ZIP_STORED or (most is not None and info.file_size > most):
        raise ValueError(f"{name} is packed, or too large")
    return archive.read(info)


def _tensor(record: bytes, facts: Mapping[str, Any], shape: tuple[int, ...]) -> Tensor | None:
    """The tensor that a record holds; `None` if it has another shape or a type that weights do not have."""
    dtype = DTYPES.get(facts["dtype"])
    if dtype is None or tuple(size["as_int"] for size in facts["sizes"]) != shape:
        return None
    if not prod(shape):
        return torch.zeros(shape, dtype=dtype)
    flat = torch.frombuffer(bytearray(record), dtype=dtype)
    if flat.numel() < prod(shape):
        raise ValueError(f"a tensor of shape {shape} is cut off")
    strides = [stride["as_int"] for stride in facts["strides"]]
    return flat.as_strided(shape, strides, facts["storage_offset"]["as_int"]).contiguous()
