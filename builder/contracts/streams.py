"""Streams: values that go on through sums and norms."""

from __future__ import annotations

from builder.contracts.program import Step
from builder.contracts.specimen import Specimen

ADDS = ("residual_add", "add")
PLAIN = (*ADDS, "dropout", "either", "scale", "segment_embedding", "class_token", "concat", "slice")


def _is_plain(step: Step) -> bool:
    """Whether what comes in goes on through a step as it is, up to its size."""
    return step.kind in PLAIN or "norm" in step.kind or step.kind.endswith("positions")


def stream(specimen: Specimen, number: int) -> set[int]:
    """The values that a value is, up to sums and norms."""
    seen, waiting = set[int](), [number]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        maker = specimen.program.makers.get(here)
        if maker is not None and _is_plain(maker):
            waiting += maker.fed
    return seen
