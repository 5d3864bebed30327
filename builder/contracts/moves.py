"""What changes inside a model when its inputs change, and where that begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from builder.contracts.program import Step, Values
from builder.contracts.specimen import EQUAL, Inputs, Specimen

Region = Mapping[str, Tensor]  # for each letter which of its places are looked at, bool


@dataclass(frozen=True, eq=False)
class Move:
    """Two runs of a model, compared at the places that should not differ.

    Args:
        specimen: The model.
        before: Values of one run.
        after: Values of the other.
        region: Where they are compared.
    """

    specimen: Specimen
    before: Values
    after: Values
    region: Region

    def of(self, number: int) -> float:
        """By how much a value differs, relative to its largest entry."""
        a, b = self._seen(number, self.before), self._seen(number, self.after)
        return 0.0 if a is None or b is None else distance(a, b)

    def moves(self, number: int) -> bool:
        """Whether a value differs by more than rounding."""
        return self.of(number) > EQUAL

    def origins(self) -> Iterator[Step]:
        """Steps on the way to the answer that give something that differs for things that do not."""
        useful = self.specimen.program.before({self.specimen.answer})
        for step in self.specimen.program.steps:
            here = [number for number in step.results if number in useful]
            if any(map(self.moves, here)) and not any(map(self.moves, step.fed)):
                yield step

    def _seen(self, number: int, values: Values) -> Tensor | None:
        value: Any = values[number]
        if not isinstance(value, Tensor) or number not in self.specimen.labels:
            return None
        for place, letter in enumerate(self.specimen.labels[number]):
            if letter in self.region:
                if value.shape[place] != len(self.region[letter]):  # cut or joined: which position is which is unknown
                    return None
                value = value[(slice(None),) * place + (self.region[letter],)]
        return value if value.numel() else None


def distance(a: Tensor, b: Tensor) -> float:
    """The largest difference of two tensors, relative to the largest finite entry; infinities may be equal."""
    if a.shape != b.shape:
        return 1.0
    if not a.is_floating_point():
        return float((a != b).any())
    differ = torch.where(a == b, torch.zeros_like(a), (a - b).abs()).nan_to_num(1.0, 1.0)
    size = torch.where(a.isfinite(), a.abs(), torch.zeros_like(a)).max()
    return float(differ.max() / (1e-12 + size))


def other_tokens(specimen: Specimen, inputs: Inputs, names: list[str], places: Tensor) -> Inputs:
    """Inputs with something else at some positions.

    Args:
        specimen: The model.
        inputs: What to change.
        names: The inputs to change.
        places: The positions, bool, (T).
    """
    changed = dict(inputs)
    for name in names:
        value = inputs[name]
        if value is None:
            continue
        new = value.clone()
        if value.dtype == torch.int64:
            size = specimen.vocabulary(name)
            new[:, places] = (value[:, places] + max(1, size // 2)) % size
        else:
            new[:, places] = -2 * value[:, places]
        changed[name] = new
    return changed


def until(length: int, end: int) -> Tensor:
    """True before `end`, (length,)."""
    return torch.arange(length) < end
