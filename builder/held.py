"""What a block holds: the shapes of its parameters, and how many numbers, without building it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

from builder.blank import blank
from builder.surroundings import Worth
from engine.blocks.spec import CATALOGUE


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many numbers something holds.

    Args:
        parameters: What is trained, or could be.
        tables: What is fixed, such as waves for positions; torch calls them buffers.
    """

    parameters: int = 0
    tables: int = 0

    @property
    def all(self) -> int:
        """Both together."""
        return self.parameters + self.tables

    def __mul__(self, times: int) -> Numbers:
        return Numbers(self.parameters * times, self.tables * times)


def total(parts: Sequence[Numbers]) -> Numbers:
    """What several things hold together."""
    return Numbers(sum(part.parameters for part in parts), sum(part.tables for part in parts))


@dataclass(frozen=True)
class Held:
    """What a block holds.

    Args:
        shapes: Those of its parameters, by name.
        numbers: How many numbers it holds.
    """

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: Numbers = Numbers()


@lru_cache(maxsize=4_096)
def held(kind: str, worth: Worth) -> Held:
    """What a block holds, found on the meta device, which has no numbers.

    Args:
        kind: A block of the catalogue.
        worth: Its settings by name; if one has no value, it holds nothing.

    Returns:
        Its shapes and numbers. A block too large for any computer has one parameter of size `sys.maxsize`.
    """
    if any(value is None for _, value in worth):
        return Held()
    config = CATALOGUE[kind].config(**{name: value for name, value in worth if value is not None})
    try:
        module = blank(kind, config)
    except RuntimeError:  # more bytes than 64 bits can count, which any limit refuses
        return Held({"": (sys.maxsize,)}, Numbers(sys.maxsize))
    shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    return Held(shapes, Numbers(sum(map(prod, shapes.values())), sum(table.numel() for table in module.buffers())))
