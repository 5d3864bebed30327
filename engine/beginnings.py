"""Weights that a run begins with: those of another model, as far as they fit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from loguru import logger
from safetensors import SafetensorError, safe_open
from torch import nn

from engine import checkpoints, locations
from engine.errors import RunError

INITIAL_FILE = "initial.safetensors"  # in a run folder
Shape = tuple[int, ...]


def shapes_in(file: Path) -> dict[str, Shape]:
    """Shapes of the tensors in a safetensors file, by name; the tensors themselves are not read.

    Raises:
        RunError: If it cannot be read.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            return {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise RunError(f"{file} cannot be read as safetensors: {error}. Name a file of weights.") from None


def fitting(wanted: Mapping[str, Shape], there: Mapping[str, Shape]) -> list[str]:
    """Names whose shape is the same on both sides."""
    return [name for name, shape in wanted.items() if there.get(name) == shape]


def keep(file: Path, run: Path) -> None:
    """Put weights into a run folder; those below our own folder get a second name, others are copied."""
    own = locations.artifacts() in file.resolve().parents
    (checkpoints.link if own else shutil.copyfile)(file, run / INITIAL_FILE)


def begin_from(file: Path, model: nn.Module) -> list[str]:
    """Give a model the weights of a file where name and shape fit; the others keep their starting values.

    Args:
        file: In safetensors.
        model: Changed in place.

    Returns:
        Names of the parameters that were not in the file.

    Raises:
        RunError: If the file cannot be read, or nothing in it fits.
    """
    state = model.state_dict()
    names = fitting({name: tuple(tensor.shape) for name, tensor in state.items()}, shapes_in(file))
    if not names:
        raise RunError(
            f"No weight in {file.name} has the name and shape of one in the model. Name the file of another."
        )
    with safe_open(file, framework="pt") as stored, torch.no_grad():
        for name in names:
            state[name].copy_(stored.get_tensor(name))
    given = {state[name].data_ptr() for name in names}
    fresh = [name for name, parameter in model.named_parameters() if parameter.data_ptr() not in given]
    logger.info("{} weights begin as in {}, {} afresh", len(names), file.name, len(fresh))
    return fresh
