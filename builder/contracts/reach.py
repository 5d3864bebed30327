"""How far the influence of a token reaches."""

from __future__ import annotations

import torch
from torch import Tensor

from builder.contracts.moves import Move, other_tokens
from builder.contracts.specimen import Inputs, Specimen


def places(specimen: Specimen, letter: str, *at: int) -> Tensor:
    """True at these positions of `letter`."""
    chosen = torch.zeros(specimen.sizes.lengths[letter], dtype=torch.bool)
    chosen[list(at)] = True
    return chosen


def last(specimen: Specimen, letter: str) -> int | None:
    """The last vectors over the positions of `letter` on the way to the answer; `None` if those are cut or joined."""
    useful = specimen.program.before({specimen.answer})
    found = [
        number
        for step in specimen.program.steps
        for number in step.results
        if number in useful
        and specimen.labels[number] == ("B", letter, "")
        and specimen.values[number].is_floating_point()
    ]
    aligned = found and specimen.values[found[-1]].shape[1] == specimen.sizes.lengths[letter]
    return found[-1] if aligned else None


def moved(specimen: Specimen, letter: str, here: int, there: int) -> Move:
    """What changes at position `here` when the token at `there` does."""
    names = specimen.named(letter, "ids", "hidden", "any")
    changed = other_tokens(specimen, specimen.base, names, places(specimen, letter, there))
    return Move(specimen, specimen.values, specimen.run(changed), {letter: places(specimen, letter, here)})


def read(specimen: Specimen, least: int = 1) -> list[str]:
    """The letters of the inputs that lead to the answer and have at least so many positions."""
    useful = specimen.program.before({specimen.answer})
    names = [name for name, number in specimen.program.inputs.items() if number in useful]
    letters = dict.fromkeys(specimen.letter(name) for name in names if specimen.ports[name].kind in ("ids", "hidden"))
    return [letter for letter in letters if specimen.sizes.lengths.get(letter, 0) >= least]


def told(specimen: Specimen, detail: str, least: int) -> str:
    """What was seen, or that inputs are too short to see it."""
    if read(specimen, least):
        return detail
    return f"Not tried: that takes a max_len of {least + 1} or more."


def swapped(specimen: Specimen, letter: str, first: int) -> tuple[Inputs, Inputs]:
    """Inputs with two different neighbours, and the same the other way round."""
    one, other = dict(specimen.base), dict(specimen.base)
    names = specimen.named(letter, "ids", "hidden")
    for name in names:
        value = specimen.base[name]
        if value is None:
            continue
        new = value.clone()
        if value.dtype == torch.int64 and name == names[0] and specimen.vocabulary(name) > 1:
            new[:, first], new[:, first + 1] = 0, 1
        one[name] = new
        other[name] = new[:, [*range(first), first + 1, first, *range(first + 2, new.shape[1])]]
    return one, other
