"""The files of a Hugging Face folder: `config.json`, and weights in safetensors, in one piece or in several."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.errors import ExportError, FileError

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


def read_config(folder: Path) -> dict[str, Any]:
    """The keys of `config.json`.

    Raises:
        FileError: If the folder or the file is not there, or cannot be read.
    """
    if not folder.is_dir():
        raise FileError(f"{folder} is no folder. Name the folder that holds {CONFIG} and {WEIGHTS}.")
    return _read_json(folder / CONFIG)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All tensors of the folder, by the names they have there.

    Raises:
        FileError: If there are none, only unsafe ones, or they cannot be read.
    """
    if (folder / WEIGHTS).is_file():
        return _load(folder / WEIGHTS)
    if not (folder / INDEX).is_file():
        raise FileError(_why_none(folder))
    places = _read_json(folder / INDEX).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise FileError(f"{folder / INDEX} has no table 'weight_map' of tensors and files.")
    tensors: dict[str, Tensor] = {}
    for name in sorted(set(places.values())):
        if Path(name).name != name:
            raise FileError(f"{folder / INDEX} names {name!r}, which is not beside it.")
        tensors |= _load(folder / name)
    return tensors


def read_tokenizer(folder: Path) -> str:
    """What the model reads text with, as the `tokenizers` library writes it; empty if that is not there.

    Raises:
        FileError: If it cannot be read.
    """
    try:
        return (folder / TOKENIZER).read_text("utf-8") if (folder / TOKENIZER).is_file() else ""
    except (OSError, ValueError) as error:
        raise FileError(f"{folder / TOKENIZER} cannot be read: {error}. Fetch or copy it again.") from None


def _why_none(folder: Path) -> str:
    unsafe = [path.name for pattern in _PICKLES for path in sorted(folder.glob(pattern))]
    if unsafe:
        return (
            f"{folder} has its weights only in {unsafe[0]}, a format that can run code when it is read, so it is "
            f"refused. Get {WEIGHTS} of the same model, or convert it where you trust it."
        )
    parts = sorted(path.name for path in folder.glob("*.safetensors"))
    if parts:
        return f"{folder} has {parts[0]}, but neither {WEIGHTS} nor {INDEX}, which says what is in it. Fetch that too."
    return f"{folder} has no {WEIGHTS}. Name the folder that holds it beside {CONFIG}."


def _load(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise FileError(f"{path} cannot be read: {error}. Fetch or copy it again.") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FileError(f"There is no {path}. Name the folder of a Hugging Face model.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path} cannot be read: {error}.") from None
    if not isinstance(data, dict):
        raise FileError(f"{path} holds no table of keys.")
    return data


def write_folder(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Path:
    """Write `config.json` and `model.safetensors` into a new or empty folder.

    Raises:
        ExportError: If the folder has something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not empty. Name a new folder, or remove what is in it.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(dict(config), indent=2) + "\n", "utf-8")
    save_file(dict(tensors), folder / WEIGHTS, metadata={"format": "pt"})
    return folder
