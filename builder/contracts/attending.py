"""Which steps attend, and what their scores come through."""

from __future__ import annotations

from collections.abc import Iterator

from builder.contracts.program import Step
from builder.contracts.specimen import Specimen

PLAIN = ("scale", "mask", "add", "dropout", "softmax", "multiply", "either")  # between queries·keys and weights·values


def has_attention(specimen: Specimen) -> bool:
    """Whether anything attends."""
    return any(is_attention(specimen, step) for step in specimen.program.steps)


def is_attention(specimen: Specimen, step: Step) -> bool:
    """Whether a step is an attention core, or a softmax over scores."""
    return is_core(step) or (step.kind == "softmax" and product_before(specimen, step) is not None)


def is_core(step: Step) -> bool:
    """Whether a step is attention as one block."""
    return {"q", "k", "v"} <= step.sources.keys()


def back(specimen: Specimen, *numbers: int) -> Iterator[Step]:
    """The steps that scores come through, from a softmax back to the product of queries and keys."""
    waiting, seen = list(numbers), set[int]()
    while waiting:
        number = waiting.pop(0)
        maker = specimen.program.makers.get(number)
        if maker is None or number in seen:
            continue
        seen.add(number)
        yield maker
        if maker.kind in PLAIN:
            waiting += maker.fed


def masks_before(specimen: Specimen, step: Step) -> Iterator[Step]:
    """Masks between a softmax, or what comes after it, and the product that scores are."""
    return (maker for maker in back(specimen, *step.fed[:1]) if maker.kind == "mask")


def product_before(specimen: Specimen, step: Step) -> Step | None:
    """The product of queries and keys that a softmax is taken of."""
    return next((maker for maker in back(specimen, *step.fed[:1]) if maker.kind == "matmul"), None)
