"""A model as a program of torch's own, which needs none of our code and takes any batch and length."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from engine.data.interface import Interface
from engine.errors import ExportError
from engine.generation import longest_input
from engine.modes import evaluating
from engine.ports import Port

Kind = Literal["lm", "seq2seq", "classifier", "filler"]
IDS: Mapping[Kind, tuple[str, ...]] = {
    "lm": ("tokens",), "seq2seq": ("source", "target"), "classifier": ("tokens",), "filler": ("tokens",),
}  # fmt: skip
MASKS = {"padding": ("target", "tokens"), "source_padding": ("source",)}
"""Masks, and the ids whose shape they have."""
CLOSE = 1e-5
_USUAL = {
    "tokens": ("ids", "B T"), "segments": ("ids", "B T"), "source": ("ids", "B S"), "target": ("ids", "B T"),
    "padding": ("mask", "B T"), "source_padding": ("mask", "B S"),
}  # fmt: skip
_WORDS = {"B": "batch", "T": "length", "S": "source_length"}  # what the free dimensions are called in a program


def ports_of(model: nn.Module, ports: Sequence[Port] = ()) -> tuple[Port, ...]:
    """The inputs that a program of the model has: those that must be given.

    Args:
        model: Called by input-port name.
        ports: All its inputs; the usual ones by name if empty.

    Raises:
        ExportError: If an input is not a usual one and nobody said what it is.
    """
    interface = Interface.of(model)
    known = {port.name: port for port in ports}
    for name in interface.names - known.keys():
        if name in _USUAL:
            kind, shape = _USUAL[name]
            known[name] = Port(name=name, kind=kind, shape=shape, optional=name not in interface.required)
    unknown = sorted(interface.required - known.keys())
    if unknown:
        raise ExportError(
            f"Nothing is known of the input {unknown[0]!r}. Give its port, or call it {', '.join(_USUAL)}."
        )
    arguments = inspect.signature(model.forward).parameters
    return tuple(known[name] for name in arguments if name in known and not known[name].optional)


def to_program(model: nn.Module, ports: Sequence[Port]) -> ExportedProgram:
    """Trace the model for any batch size and length.

    Args:
        model: Called by input-port name; it is in the same mode afterwards.
        ports: The program's inputs; sizes in their shapes are numbers, all else is free.

    Raises:
        ExportError: If it cannot be traced, or then computes other numbers than the model.
    """
    with evaluating(model):
        program = _trace(model, ports, longest_input(model))
        apart = difference(program.module(), model, ports)
    if not apart <= CLOSE:
        raise ExportError(f"The traced model differs from the model by {apart:.2g}. Report this graph.")
    return program


def dims_of(ports: Sequence[Port], longest: int | None) -> dict[str, dict[int, Any]]:
    """The free dimensions of each input, by place, for `torch.export`.

    Raises:
        ExportError: If a size of an input is neither free nor a number.
    """
    free = sorted({dim for port in ports for dim in port.shape.split() if not dim.isdigit()})
    for dim in free:
        if not dim.isalpha() or not dim.isupper():
            raise ExportError(f"The size {dim!r} of an input has no value. Give the symbol one.")
    most = {dim: None if dim == "B" else longest for dim in free}
    made = {dim: Dim(_WORDS.get(dim, dim.lower()), min=1, max=most[dim]) for dim in free}
    return {port.name: {i: made[d] for i, d in enumerate(port.shape.split()) if d in made} for port in ports}


def inputs_for(ports: Sequence[Port], *, batch: int, length: int, longest: int | None = None) -> dict[str, Tensor]:
    """Tensors that fit the ports, each free dimension of another size: source and target differ in length.

    Args:
        ports: The inputs.
        batch: Size of B.
        length: Size of T; others have one less, two less …, but at least 1.
        longest: No free dimension but B is larger.
    """
    free = sorted({dim for port in ports for dim in port.shape.split()} - {"B"}, key=lambda dim: (dim != "T", dim))
    sizes = {
        dim: max(1, min(length, longest or length) - i) for i, dim in enumerate(d for d in free if not d.isdigit())
    }
    sizes["B"] = batch
    return {port.name: _tensor(port, [sizes.get(dim) or int(dim) for dim in port.shape.split()]) for port in ports}


def _tensor(port: Port, shape: Sequence[int]) -> Tensor:
    """Zeros and ones in turn, a mask that hides the first row's end, or small numbers; contiguous."""
    count = torch.arange(prod(shape)).reshape(*shape)
    if port.dtype == "int":
        return count % 2
    return (count != shape[-1] - 1) | (shape[-1] == 1) if port.dtype == "bool" else count % 7 / 7 - 0.5


@torch.no_grad()
def difference(one: Callable[..., Any], other: nn.Module, ports: Sequence[Port]) -> float:
    """The largest difference of two models' outputs, for a batch of 3 and for a single row of length 1."""
    longest = longest_input(other)
    worst = 0.0
    with evaluating(other):
        for batch, length in ((3, 4), (1, 1)):
            inputs = inputs_for(ports, batch=batch, length=length, longest=longest)
            pairs = zip(tensors_in(one(**inputs)), tensors_in(other(**inputs)), strict=True)
            worst = max(worst, *(float((a - b).abs().max()) for a, b in pairs))
    return worst


def tensors_in(output: Tensor | Mapping[str, Tensor]) -> list[Tensor]:
    """The tensors that a model gave."""
    return [output] if isinstance(output, Tensor) else list(output.values())


class _Asked(nn.Module):
    """A graph module with some of its inputs; of one itself, torch.export fills the inputs by their place.

    Args:
        model: Its parts are used under their names.
        names: The inputs.
    """

    def __init__(self, model: fx.GraphModule, names: Sequence[str]) -> None:
        super().__init__()
        for name, part in model.named_children():
            self.add_module(name, part)
        for name, parameter in model.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, buffer in model.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self.train(model.training)
        run: Any = type(model).forward

        def forward(**inputs: Tensor) -> Any:
            return run(self, **inputs)

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        signature = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        forward.__signature__ = signature  # type: ignore[attr-defined]
        self.forward = forward


def _trace(model: nn.Module, ports: Sequence[Port], longest: int | None) -> ExportedProgram:
    inputs = inputs_for(ports, batch=2, length=5, longest=longest)
    asked = _Asked(model, list(inputs)) if isinstance(model, fx.GraphModule) else model
    try:
        return torch.export.export(asked, (), inputs, dynamic_shapes=dims_of(ports, longest), strict=False)
    except (RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, ExportError):
            raise
        reason = str(error).strip().splitlines()[0]
        raise ExportError(
            f"torch.export cannot trace the model: {reason}. Export safetensors instead, or look for a block "
            "whose computation depends on the tokens' values."
        ) from error


def required_masks(model: nn.Module, kind: Kind) -> tuple[str, ...]:
    """Masks that the model insists on.

    Raises:
        ExportError: If it has other inputs than a text can fill.
    """
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
