"""Contracts about what can be learned: every parameter is reached, and no block is dead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from builder.contracts.attending import masks_before
from builder.contracts.base import Fault, Verdict, always, contract
from builder.contracts.places import bypass, insert, view_at, where_of
from builder.contracts.program import Step, StepError
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix
from builder.document import PortRef
from builder.edits import Batch
from builder.rules.base import View

CONSTANT = 1e-12  # deviation of what counts as one and the same number
FIXED = ("alibi", "relative_bias")  # give the same whatever comes in


@lru_cache(maxsize=4)
def _gradients(specimen: Specimen) -> tuple[dict[str, Tensor | None], dict[int, Tensor | None]]:
    """The gradient of a mixture of all answers: by parameter, and by value."""
    kept: dict[int, Tensor] = {}

    def keep(step: Step, results: tuple[Any, ...]) -> tuple[Any, ...]:
        pairs = zip(step.results, results, strict=True)
        kept.update({n: value for n, value in pairs if isinstance(value, Tensor) and value.requires_grad})
        return results

    values = specimen.program.run(specimen.base, keep)
    trained = {name: p for name, p in specimen.model.named_parameters() if p.requires_grad}
    outputs = [values[number] for number in specimen.program.outputs.values()]
    mixed = sum((_mixture(output) for output in outputs if output.requires_grad), start=torch.zeros(()))
    if not mixed.requires_grad:  # nothing is trained, or nothing of it leads to the answer
        return dict.fromkeys(trained), dict.fromkeys(kept)
    found = torch.autograd.grad(mixed, [*trained.values(), *kept.values()], allow_unused=True)
    split = len(trained)
    return dict(zip(trained, found[:split], strict=True)), dict(zip(kept, found[split:], strict=True))


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
        if step is None or not specimen.leads(step) or not _is_none(gradient) or _is_shift(specimen, step, name):
            continue
        if not _is_excused(specimen, step):
            text = f"{name} gets no gradient: nothing that it does reaches the answer."
            faults.append(
                Fault(
                    message=text, where=where_of(step), fixes=tuple(bypass(view_at(specimen, step), step.uses[-1][1]))
                )
            )
    detail = f"All {len(found)} parameters get a gradient." if found else "There is nothing to train."
    return Verdict(detail=detail, faults=tuple(faults))


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
    return Verdict(
        detail=f"All {len(specimen.program.steps)} blocks have an influence on the answer.", faults=tuple(faults)
    )


def _constants(specimen: Specimen) -> Iterator[Fault]:
    """Blocks that give one and the same number for things that vary."""
    for step in specimen.program.steps:
        if step.kind in FIXED or not step.fed or not specimen.leads(step):
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
        if not quiet & set(step.results) or not specimen.leads(step):
            continue
        takers = [taker for number in step.results for taker in specimen.program.takers.get(number, [])]
        if not any(quiet & set(taker.results) for taker in takers):
            node = step.uses[-1][1]
            yield Fault(message=f"What {node} gives has no influence on the answer.", where=where_of(step))


@contract(
    "C000",
    "Model runs",
    why="Shapes are worked out without running anything; a block may still fail on what it gets.",
    applies=always,
)
def model_runs(specimen: Specimen) -> Verdict:
    """Every block can be called with what comes in."""
    try:
        count = len(specimen.values)
    except StepError as error:
        view, node = view_at(specimen, error.step), error.step.uses[-1][1]
        fixes, advice = tuple(bypass(view, node)), "Change its settings, or what is wired to it."
        return Verdict(faults=(Fault(message=str(error), where=where_of(error.step), fixes=fixes, advice=advice),))
    return Verdict(detail=f"All {len(specimen.program.steps)} blocks ran and gave {count} values.")


@contract(
    "C019",
    "Numbers are finite",
    why="One infinity or not-a-number spreads through every later sum, and training ends there.",
    applies=always,
)
def numbers_are_finite(specimen: Specimen) -> Verdict:
    """No block gives not-a-number, or an infinity where nothing is masked."""
    faults = []
    for step in specimen.program.steps:
        bad = [n for n in step.results if _is_wild(specimen.values[n], masked=step.kind in SCORES)]
        if bad and not any(_is_wild(specimen.values[n], masked=True) for n in step.fed):
            faults.append(_wild(specimen, next(masks_before(specimen, step), step)))
    return Verdict(detail="Nothing is infinite but masked scores.", faults=tuple(faults))


def _wild(specimen: Specimen, step: Step) -> Fault:
    """A block that gives infinities, or a mask that does so behind the softmax."""
    view, node = view_at(specimen, step), step.uses[-1][1]
    if step.kind != "mask":
        text = f"{node} gives numbers that are not finite."
        return Fault(
            message=text, where=where_of(step), fixes=tuple(bypass(view, node)), advice="Look at what comes in."
        )
    text = f"{node} hides by −∞, but what it hides are no scores any more."
    fixes, advice = tuple(_before_softmax(view, node)), "Put it before the softmax."
    return Fault(message=text, where=where_of(step), fixes=fixes, advice=advice)


def _before_softmax(view: View, mask: str) -> Iterator[Fix]:
    """Move a mask from behind a softmax to before it."""
    nodes, here = view.definition.nodes, view.definition
    softmax = next((name for name, node in nodes.items() if node.kind == "softmax" and here.reaches(name, mask)), None)
    wire = here.wire_into(PortRef(softmax, "x")) if softmax else None
    gone = bypass(view, mask)
    if wire is None or not gone:
        return
    more = {w.target.port: str(w.source) for w in here.wires if w.target.node == mask and w.target.port != "scores"}
    put = insert(view, wire, "mask", dict(nodes[mask].settings), "scores", more)
    label = f"Move {mask} before {softmax}"
    yield Fix(label=label, edit=Batch(edits=(gone[0].edit, put.edit), label=label))


SCORES = ("mask", "add", "dropout", "scale", "alibi", "relative_bias")  # may hand on masked scores


def _is_wild(value: Any, *, masked: bool) -> bool:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return False
    return bool((value.isnan() | (value.isposinf() if masked else value.isinf())).any())
