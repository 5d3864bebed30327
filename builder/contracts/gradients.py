"""Contracts about what can be learned: every parameter is reached, and no block is dead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from builder.contracts.base import Fault, Verdict, always, contract
from builder.contracts.places import bypass, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.specimen import Specimen

CONSTANT = 1e-12  # deviation of what counts as one and the same number
FIXED = ("alibi", "relative_bias")  # give the same whatever comes in


@lru_cache(maxsize=4)
def _gradients(specimen: Specimen) -> tuple[dict[str, Tensor | None], dict[int, Tensor | None]]:
    """The gradient of a mixture of all answers: by parameter, and by value."""
    kept: dict[int, Tensor] = {}

    def keep(step: Step, results: tuple[Any, ...]) -> tuple[Any, ...]:
        for number, value in zip(step.results, results, strict=True):
            if isinstance(value, Tensor) and value.requires_grad:
                kept[number] = value
        return results

    values = specimen.program.run(specimen.base, keep)
    names, parameters = zip(*((n, p) for n, p in specimen.model.named_parameters() if p.requires_grad), strict=True)
    outputs = [values[number] for number in specimen.program.outputs.values()]
    mixed = sum((_mixture(output) for output in outputs if output.requires_grad), start=torch.zeros(()))
    found = torch.autograd.grad(mixed, [*parameters, *kept.values()], allow_unused=True)
    split = len(parameters)
    return dict(zip(names, found[:split], strict=True)), dict(zip(kept, found[split:], strict=True))


def _mixture(output: Tensor) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    finite = torch.where(output.isfinite(), output, torch.zeros_like(output))
    return (finite * torch.randn(output.shape, generator=draw, dtype=output.dtype)).sum()


def _is_none(gradient: Tensor | None) -> bool:
    return gradient is None or not bool((gradient != 0).any())


@contract(
    "C008",
    "Every parameter learns",
    why="A parameter without a gradient stays at its starting value for ever: its block takes part in nothing, or is "
    "cut off. Frozen parameters are left out.",
    applies=always,
)
def every_parameter_learns(specimen: Specimen) -> Verdict:
    """Every parameter that is not frozen gets a gradient."""
    found, _ = _gradients(specimen)
    faults = []
    for name, gradient in found.items():
        step = _owner(specimen, name)
        if step is None or not _is_none(gradient) or _is_shift(specimen, step, name):
            continue
        if not _is_excused(specimen, step):
            text = f"{name} gets no gradient: nothing that it does reaches the answer."
            faults.append(Fault(message=text, where=where_of(step), fixes=tuple(bypass(view_at(specimen, step), step.uses[-1][1]))))
    return Verdict(detail=f"All {len(found)} parameters get a gradient.", faults=tuple(faults))


def _owner(specimen: Specimen, name: str) -> Step | None:
    """The step whose parameter it is."""
    fitting = [step for step in specimen.program.steps if name.startswith(f"{step.path}.")]
    return fitting[0] if fitting else None


def _is_shift(specimen: Specimen, step: Step, name: str) -> bool:
    """Whether it is the bias of keys, which softmax takes no notice of."""
    if not name.endswith("bias"):
        return False
    reached = specimen.program.after(set(step.results))
    takers = [s for s in specimen.program.steps if {"k"} & s.sources.keys() and s.sources["k"] in reached]
    return bool(takers)


def _is_excused(specimen: Specimen, step: Step) -> bool:
    """Whether it hangs on an input that was not given."""
    return any(specimen.values[source] is None for source in step.fed)


@contract(
    "C009",
    "No block is dead",
    why="A block that always gives the same, or whose result the rest of the model makes nothing of, costs time and "
    "memory for nothing, and what was meant by it is not there.",
    applies=always,
)
def no_block_is_dead(specimen: Specimen) -> Verdict:
    """Every block's result varies and has an influence on the answer."""
    faults = [*_constants(specimen), *_unheard(specimen)]
    return Verdict(detail=f"All {len(specimen.program.steps)} blocks have an influence on the answer.", faults=tuple(faults))


def _constants(specimen: Specimen) -> Iterator[Fault]:
    """Blocks that give one and the same number for things that vary."""
    for step in specimen.program.steps:
        if step.kind in FIXED or not step.fed:
            continue
        given = [specimen.values[source] for source in step.fed]
        if all(map(_is_constant, given)):
            continue
        if all(_is_constant(specimen.values[number]) for number in step.results):
            node = step.uses[-1][1]
            value = specimen.values[step.results[0]].flatten()[0].item()
            text = f"{node} gives {value:g} whatever comes in, so nothing before it counts."
            yield Fault(message=text, where=where_of(step), fixes=tuple(bypass(view_at(specimen, step), node)))


def _is_constant(value: Any) -> bool:
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.numel() < 2:
        return value is None
    return bool((value.max() - value.min()).abs() <= CONSTANT)


def _unheard(specimen: Specimen) -> Iterator[Fault]:
    """Blocks whose result has no influence, the last of a row of them."""
    _, found = _gradients(specimen)
    quiet = {number for number, gradient in found.items() if _is_none(gradient)}
    for step in specimen.program.steps:
        if not quiet & set(step.results):
            continue
        takers = [taker for number in step.results for taker in specimen.program.takers.get(number, [])]
        if not any(quiet & set(taker.results) for taker in takers):
            node = step.uses[-1][1]
            yield Fault(message=f"What {node} gives has no influence on the answer.", where=where_of(step))
