"""The contract that nothing reads the bare sum of all layers."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.places import insert, view_at
from builder.contracts.program import Step
from builder.contracts.residual import has_stream, sublayers
from builder.contracts.specimen import Specimen
from builder.contracts.streams import ADDS
from builder.diagnostics import Where
from builder.document import INPUT, Wire
from builder.rules.base import View


def _is_norm(step: Step) -> bool:
    return "norm" in step.kind


@contract(
    "C018",
    "Streams are normed",
    why="Every sublayer adds to the stream, so it grows with depth. What reads it, a sublayer or the head, must get it "
    "normed, or receives numbers of another size in every layer (Ba et al., arXiv:1607.06450; Xiong et al., "
    "arXiv:2002.04745, §3).",
    applies=lambda specimen: has_stream(specimen) and any(map(_is_norm, specimen.program.steps)),
)
def streams_are_normed(specimen: Specimen) -> Verdict:
    """Between a sum of the stream and what reads it there is a norm."""
    hearts = list(sublayers(specimen))
    made = {number for heart in hearts for number in heart.results}
    faults: dict[Where, Fault] = {}
    readers = [heart for heart in hearts if specimen.leads(heart) and not _is_normed_after(specimen, heart)]
    head = specimen.program.makers.get(specimen.answer)
    for reader in sorted([*readers, *([head] if head and not _is_norm(head) else [])], key=lambda step: step.place):
        for taker, number in _bare_sums(specimen, reader, made):
            fault = _bare(specimen, taker, number)
            faults.setdefault(fault.where, fault)
    return Verdict(
        detail=f"{len(readers)} sublayers and the head read what a norm gives.", faults=tuple(faults.values())
    )


def _is_normed_after(specimen: Specimen, heart: Step) -> bool:
    """Whether what a sublayer gives is normed before it is added (Liu et al., arXiv:2111.09883)."""
    waiting, seen = list(heart.results), set[int]()
    while waiting:
        for taker in specimen.program.takers.get(waiting.pop(), []):
            if _is_norm(taker):
                return True
            if taker.kind not in ADDS and taker.place not in seen:
                seen.add(taker.place)
                waiting += taker.results
    return False


def _bare_sums(specimen: Specimen, reader: Step, made: set[int]) -> Iterator[tuple[Step, int]]:
    """Sums of the stream that a step reads without a norm between: who takes them, and their value."""
    waiting, seen = [(reader, number) for number in reader.fed], set[int]()
    while waiting:
        taker, number = waiting.pop(0)
        maker = specimen.program.makers.get(number)
        if maker is None or number in seen or _is_norm(maker):
            continue
        seen.add(number)
        if maker.kind in ADDS and _is_stream(specimen, number) and made & specimen.program.before({number}):
            yield taker, number
        else:
            waiting += [(maker, source) for source in maker.fed]


def _is_stream(specimen: Specimen, number: int) -> bool:
    value = specimen.values[number]
    return isinstance(value, Tensor) and value.ndim == 3


def _bare(specimen: Specimen, taker: Step, number: int) -> Fault:
    """The wire that carries the sum, where what makes it and what takes it meet."""
    maker = specimen.program.makers[number]
    depth = _parting(taker, maker)
    view, node = view_at(specimen, taker, depth), taker.uses[depth][1]
    together = taker.layers[:depth] == maker.layers[:depth]  # else it comes from the layer before
    source = maker.uses[depth][1] if together else ""
    wires = [wire for wire in view.definition.wires if wire.target.node == node]
    fitting = [wire for wire in wires if wire.source.node == source or (not source and _is_rail(view, wire))]
    text, advice = f"{node} reads the sum of the layers before it as it is.", "Put a norm before it."
    if not fitting:
        return Fault(message=text, where=Where(definition=view.name, node=node), advice=advice)
    wire = fitting[0]
    norm = next(step for step in specimen.program.steps if _is_norm(step))
    fixes = [insert(view, wire, norm.kind, {"d_model": "d_model"}, "x")] if "d_model" in view.around.scope else []
    return Fault(message=text, where=view.where(node, wire.target.port), fixes=tuple(fixes), advice=advice)


def _parting(taker: Step, maker: Step) -> int:
    """How deep two steps lie in the same uses; in another layer of one, a level deeper."""
    for depth, (mine, other) in enumerate(zip(taker.uses, maker.uses, strict=False)):
        if mine != other:
            return depth
        if taker.layers[depth] != maker.layers[depth]:
            return depth + 1
    return len(taker.uses) - 1


def _is_rail(view: View, wire: Wire) -> bool:
    return view.definition.nodes[wire.source.node].kind == INPUT and wire.target.port != "padding"
