"""Which attentions know distances by learned biases, as those of T5 do, whose scores are not scaled."""

from __future__ import annotations

from collections.abc import Collection

from builder.contracts.attending import back, is_attention, is_core, product_before
from builder.contracts.program import Step
from builder.contracts.specimen import Specimen
from builder.contracts.streams import stream

BIAS = "relative_bias"


def is_like_t5(specimen: Specimen, step: Step, unscaled: Collection[Step]) -> bool:
    """Whether an attention may leave its scores unscaled.

    T5 folds the factor into its starting values, in attentions whose scores get a relative bias. Those that look at a
    memory, where distances mean nothing, have no bias; they follow the attention beside them, which looks at their
    own stream.

    Args:
        specimen: The model.
        step: An attention.
        unscaled: All attentions that leave their scores as they are.
    """
    if has_distances(specimen, step):
        return True
    beside = None if _looks_at_itself(specimen, step) else _beside(specimen, step)
    return beside in unscaled and beside is not None and has_distances(specimen, beside)


def has_distances(specimen: Specimen, step: Step) -> bool:
    """Whether a relative bias is added to the scores of an attention."""
    bias = step.sources.get("bias")
    scores = [bias] if bias is not None else []
    return any(maker.kind == BIAS for maker in back(specimen, *(scores if is_core(step) else step.fed[:1])))


def _compared(specimen: Specimen, step: Step) -> list[int]:
    """What the scores of an attention are a product of: its queries and its keys."""
    product = step if is_core(step) else product_before(specimen, step)
    ends = [product.sources[port] for port in ("qk" if product is step else "ab")] if product else []
    return [number for number in ends if number is not None]


def _line(specimen: Specimen, number: int) -> list[int]:
    """A value and those before it, up to one that is made of several."""
    line = [number]
    while (maker := specimen.program.makers.get(line[-1])) is not None and len(maker.fed) == 1:
        line.append(maker.fed[0])
    return line


def _looks_at_itself(specimen: Specimen, step: Step) -> bool:
    """Whether queries and keys of an attention are made of the same."""
    queries, keys = [set(_line(specimen, number)) for number in _compared(specimen, step)]
    return bool(queries & keys)


def _home(specimen: Specimen, step: Step) -> set[int]:
    """The stream that the queries of an attention are made of."""
    line = _line(specimen, _compared(specimen, step)[0])
    return set(line).union(*(stream(specimen, number) for number in line))


def _beside(specimen: Specimen, step: Step) -> Step | None:
    """The last attention before, else the first one after, that looks at the stream which asks here."""
    home = _home(specimen, step)
    others = [
        other
        for other in specimen.program.steps
        if is_attention(specimen, other) and _looks_at_itself(specimen, other) and home & _home(specimen, other)
    ]
    before = [other for other in others if other.place < step.place]
    return before[-1] if before else next(iter(others), None)
