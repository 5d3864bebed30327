"""A model as a program of torch's own, which needs none of our code and takes any batch and length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from engine.data.interface import Interface
from engine.errors import ExportError
from engine.generation import longest_input

Kind = Literal["lm", "seq2seq", "classifier"]
IDS: Mapping[Kind, tuple[str, ...]] = {
    "lm": ("tokens",), "seq2seq": ("source", "target"), "classifier": ("tokens",),
}  # fmt: skip
MASKS = {"padding": ("target", "tokens"), "source_padding": ("source",)}
"""Masks, and the ids whose shape they have."""


def to_program(model: nn.Module, kind: Kind) -> ExportedProgram:
    """Trace the model for any batch size and length.

    Raises:
        ExportError: If it has inputs that `kind` does not know, or cannot be traced, or then computes other
            numbers than the model.
    """
    was_training, names = model.training, (*IDS[kind], *required_masks(model, kind))
    model.eval()
    try:
        longest = longest_input(model)
        program = _trace(model, names, longest)
        other = _inputs(names, batch=3, length=min(3, longest or 3))
        with torch.no_grad():
            same = torch.allclose(program.module()(**other), model(**other), atol=1e-5)
    finally:
        model.train(was_training)
    if not same:
        raise ExportError("The traced model computes other numbers than the model. Report this graph.")
    return program


def _trace(model: nn.Module, names: tuple[str, ...], longest: int | None) -> ExportedProgram:
    batch = Dim("batch", min=1)
    lengths = {side: Dim(f"{side}_length", min=1, max=longest) for side in ("source", "target", "tokens")}
    shapes = {name: {0: batch, 1: lengths[_side(name, names)]} for name in names}
    inputs = _inputs(names, batch=2, length=min(5, longest or 5))
    try:
        return torch.export.export(model, (), inputs, dynamic_shapes=shapes, strict=False)
    except (RuntimeError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(
            f"torch.export cannot trace the model: {reason}. Export safetensors instead, or look for a block "
            "whose computation depends on the tokens' values."
        ) from error


def _side(name: str, names: tuple[str, ...]) -> str:
    """The ids whose shape an input has."""
    return next(side for side in MASKS.get(name, (name,)) if side in names)


def _inputs(names: tuple[str, ...], *, batch: int, length: int) -> dict[str, Tensor]:
    """Tensors of the right kinds, source and target of different lengths."""
    ids = torch.zeros(batch, length, dtype=torch.int64)
    tensors = {name: ids[:, 1:] if _side(name, names) == "target" and length > 2 else ids for name in names}
    return {name: t.bool() | True if name in MASKS else t.clone() for name, t in tensors.items()}


def required_masks(model: nn.Module, kind: Kind) -> tuple[str, ...]:
    """Masks that the model insists on."""
    interface = Interface.of(model)
    extra = sorted(interface.required - set(IDS[kind]))
    unknown = [name for name in extra if name not in MASKS]
    missing = [name for name in IDS[kind] if name not in interface.names]
    if unknown or missing:
        raise ExportError(
            f"The model's inputs are {', '.join(sorted(interface.names))}; to answer text it must take "
            f"{' and '.join(IDS[kind])} and nothing else but padding. Rename or remove the others."
        )
    return tuple(extra)
