"""Contracts about attention's scores and weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from builder.contracts.attending import PLAIN, back, has_attention, is_core, product_before
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.distances import is_like_t5
from builder.contracts.places import bypass, insert, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix
from builder.document import PortRef
from builder.edits import SetSetting

TURNS = ("scale", "rope", "repeat_heads", "transpose")  # between heads and their product; none but the first scales
POWER = -0.5  # of the width of a head
LOW, HIGH = 0.72, 2.5  # of what scores are multiplied by, times √K; 1/√d_model is below it from two heads on


@contract(
    "C012",
    "Attention rows sum to one",
    why="Attention is a weighted mean of values: for each query the weights over all keys sum to one, or to zero where "
    "nothing may be seen. A softmax along another dimension looks right and is not.",
    applies=has_attention,
)
def rows_sum_to_one(specimen: Specimen) -> Verdict:
    """The weights of each query sum to one."""
    faults, seen = [], 0
    for step in specimen.program.steps:
        weights = _weights(specimen, step)
        if weights is None:
            continue
        seen += 1
        sums = weights.sum(dim=-1)
        low, high = float(sums.min()), float(sums.max())
        if not _is_share(sums, at_most=bool(step.setting("sinks"))):
            faults.append(_uneven(specimen, step, low, high))
    return Verdict(detail=f"In {seen} attentions the weights of every query sum to 1.", faults=tuple(faults))


def _weights(specimen: Specimen, step: Step) -> Tensor | None:
    """The weights of an attention: what its core computes, or what is multiplied by the values."""
    values = specimen.values
    if is_core(step) and hasattr(step.module, "watch"):
        watch: Any = step.module.watch
        with torch.no_grad():
            found: Tensor = watch("weights", *[None if s is None else values[s] for s in step.sources.values()])
        return found
    if step.kind != "softmax" or product_before(specimen, step) is None:
        return None
    last: Tensor = values[_stages(specimen, step)[-1]]
    return last


def _stages(specimen: Specimen, step: Step) -> list[int]:
    """What a softmax gives, and what becomes of it until it is multiplied by the values."""
    stages = [step.results[0]]
    while True:
        takers = [taker for taker in specimen.program.takers.get(stages[-1], []) if taker.kind in PLAIN]
        if len(takers) != 1 or takers[0].kind == "softmax":
            return stages
        stages.append(takers[0].results[0])


def _is_share(sums: Tensor, *, at_most: bool) -> bool:
    one = (sums - 1).abs() < 1e-6
    return bool((one | (sums.abs() < 1e-6) | ((sums < 1) & at_most)).all())


def _uneven(specimen: Specimen, step: Step, low: float, high: float) -> Fault:
    fixes = set_there(specimen, step, "axis", "keys")
    node = step.uses[-1][1]
    text = f"The weights of a query sum to {low:.2f} … {high:.2f} after {node}, not to 1"
    if step.setting("axis") not in (None, "keys"):
        text = f"{text}: it is taken over the {step.setting('axis')}."
        return Fault(message=text, where=where_of(step), fixes=tuple(fixes), advice="Take it over the keys.")
    stages = [
        number
        for number in _stages(specimen, step)
        if not _is_share(specimen.values[number].sum(dim=-1), at_most=False)
    ]
    last = specimen.program.makers[stages[0]] if stages else step
    found = tuple(bypass(view_at(specimen, last), last.uses[-1][1])) if last is not step else ()
    advice = "Let nothing change weights before they meet the values."
    return Fault(message=f"{text}.", where=where_of(last), fixes=found, advice=advice)


@contract(
    "C013",
    "Scores are scaled",
    why="The product of a query and a key grows with the width K of a head; without 1/√K softmax soon looks at one key "
    "alone and hardly learns (Vaswani et al., §3.2.1). T5 folds the factor into the "
    "starting values: where scores get its relative bias, and in attention to a memory beside those.",
    applies=has_attention,
)
def scores_are_scaled(specimen: Specimen) -> Verdict:
    """Scores are the product of queries and keys times about 1/√K, or plain where T5 has them so."""
    found = {step: _factor(specimen, step) for step in specimen.program.steps}
    factors = {step: factor for step, factor in found.items() if factor is not None}
    unscaled = [step for step, (factor, _) in factors.items() if math.isclose(factor, 1, rel_tol=1e-3)]
    plain = [step for step in unscaled if is_like_t5(specimen, step, unscaled)]
    faults = [
        _unscaled(specimen, step, factor, width)
        for step, (factor, width) in factors.items()
        if step not in plain and width > 4 and not LOW < factor * math.sqrt(width) < HIGH
    ]
    counts = {"scaled by 1/√K": len(factors) - len(plain), "plain, as in T5,": len(plain)}
    said = [f"{how} in {count}" for how, count in counts.items() if count]
    detail = f"Scores are {' and '.join(said)} attentions."
    return Verdict(detail=detail, faults=tuple(faults))


def _factor(specimen: Specimen, step: Step) -> tuple[float, int] | None:
    """What the model multiplies scores by, and the width of a head in it."""
    if is_core(step):
        width = _width(specimen, step, "q")
        factor = float(step.setting("scale") or 1 / math.sqrt(width))
        return factor * math.prod(_of_model(specimen, scale) for scale in _on_the_way(specimen, step.fed[:2])), width
    product = product_before(specimen, step) if step.kind == "softmax" else None
    if product is None or specimen.values[product.results[0]].shape != specimen.values[step.fed[0]].shape:
        return None
    ahead = specimen.program.after(set(product.results))
    scales = [s for s in back(specimen, *step.fed[:1]) if s.kind == "scale" and ahead & set(s.fed)]
    factor = _slope(specimen, product, step.fed[0])
    factor *= math.prod(_of_model(specimen, scale) / (_of_copy(scale) or 1.0) for scale in scales)
    factor *= math.prod(_of_model(specimen, scale) for scale in _on_the_way(specimen, product.fed))
    return factor, _width(specimen, product, "a")


def _slope(specimen: Specimen, product: Step, scores: int) -> float:
    """How much the scores grow with the product of queries and keys, in the copy."""

    def doubled(here: Step, results: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(2 * result for result in results) if here is product else results

    raw: Tensor = specimen.values[product.results[0]]
    growth: Tensor = specimen.run(specimen.base, doubled)[scores] - specimen.values[scores]
    there = growth.isfinite()
    return float((raw[there] * growth[there]).sum() / (raw[there] ** 2).sum().clamp_min(1e-30))


def _on_the_way(specimen: Specimen, numbers: Iterable[int]) -> Iterator[Step]:
    """Scales between the heads and the product of them: some scale the queries, not the scores."""
    for number in numbers:
        maker = specimen.program.makers.get(number)
        while maker is not None and maker.kind in TURNS:
            if maker.kind == "scale":
                yield maker
            maker = specimen.program.makers.get(maker.fed[0])


def _of_copy(scale: Step) -> float:
    """What a scale multiplies by in the copy."""
    return float(scale.setting("factor") * scale.setting("d") ** scale.setting("power"))


def _of_model(specimen: Specimen, scale: Step) -> float:
    """What a scale multiplies by in the model; in the copy, sizes are others."""
    own = view_at(specimen, scale).around.settings(scale.uses[-1][1])
    factor, d, power = (float(own.get(name) or 0.0) for name in ("factor", "d", "power"))
    return factor * max(d, 1.0) ** power


def _unscaled(specimen: Specimen, step: Step, factor: float, width: int) -> Fault:
    node, wish = step.uses[-1][1], f"1/√{width} = {width**-0.5:.2f}"
    if is_core(step):
        fixes = set_there(specimen, step, "scale", 0.0)
        text = f"{node} multiplies its scores by {factor:.3g}, not by {wish}; a scale of 0 means that."
        return Fault(message=text, where=where_of(step), fixes=tuple(fixes), advice="Set scale to 0.")
    scale = next((maker for maker in back(specimen, *step.fed[:1]) if maker.kind == "scale"), None)
    if scale is not None:
        text = f"{scale.uses[-1][1]} multiplies the scores by {factor:.3g}, not by {wish}."
        found = tuple(_rescaled(specimen, scale, width))
        return Fault(message=text, where=where_of(scale), fixes=found, advice=f"Let it multiply by {wish}.")
    product = product_before(specimen, step)
    assert product is not None
    return _no_scale(specimen, product, width, wish)


def _no_scale(specimen: Specimen, product: Step, width: int, wish: str) -> Fault:
    """Scores go from the product on as they are."""
    view, node = view_at(specimen, product), product.uses[-1][1]
    wire = next((w for w in view.definition.wires if w.source.node == node), None)
    text = f"The scores of {node} are not scaled, so they grow with the width {width} of a head."
    advice = f"Multiply them by {wish}."
    if wire is None:
        return Fault(message=text, where=where_of(product), advice=advice)
    fix = insert(view, wire, "scale", {"d": _size(specimen, product, width), "power": POWER}, "x")
    where = view.where(wire.target.node, wire.target.port)
    return Fault(message=text, where=where, fixes=(fix,), advice=advice)


def _rescaled(specimen: Specimen, scale: Step, width: int) -> list[Fix]:
    """Let a scale divide by the root of the width of a head."""
    if scale.setting("power") != POWER:
        return set_there(specimen, scale, "power", POWER)
    at, node = scale.uses[-1]
    size = _size(specimen, scale, width)
    return [Fix(label=f"Set d of {node} to {size}", edit=SetSetting(node=node, name="d", value=size, at=at))]


def _size(specimen: Specimen, step: Step, width: int) -> str | int:
    """The width of a head by the names of sizes where a step is; the number where it has none."""
    known = {symbol.name for symbol in view_at(specimen, step).definition.symbols}
    return "d_model//n_heads" if {"d_model", "n_heads"} <= known else width


def _width(specimen: Specimen, step: Step, port: str) -> int:
    """The width of a head in the model itself, as far as its shapes tell; else in the copy."""
    view, node = view_at(specimen, step), step.uses[-1][1]
    source = view.around.feeds.get(PortRef(node, port))
    shape = view.found.shapes.get(source) if source else None
    return int((shape[-1].value if shape else None) or specimen.values[step.fed[0]].shape[-1])
