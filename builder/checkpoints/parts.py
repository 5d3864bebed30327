"""How the tensors of a file become the parameters of a graph, and back: renamed, transposed, split.

One table serves both ways, so that what was read is written again bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import FileError

State = dict[str, Tensor]


@dataclass(frozen=True)
class Part:
    """One tensor of a file and what it is in a graph.

    Args:
        theirs: Its name in the file.
        ours: The parameters it holds, one below the other: of `n` names each gets an `n`-th of the rows.
        transposed: Whether the file has rows and columns the other way round.
        optional: Whether a file may lack it.
    """

    theirs: str
    ours: tuple[str, ...]
    transposed: bool = False
    optional: bool = False


def same(theirs: str, ours: str, *leaves: str) -> list[Part]:
    """Parts of a module that is called `theirs` there and `ours` here; its leaves are called the same."""
    return [Part(f"{theirs}.{leaf}", (f"{ours}.{leaf}",)) for leaf in leaves or ("weight", "bias")]


def read(parts: Iterable[Part], tensors: Mapping[str, Tensor], ignored: Sequence[str] = ()) -> State:
    """Parameters of a graph, float32, from the tensors of a file.

    Args:
        parts: What belongs where.
        tensors: The file.
        ignored: Ends of names that carry no parameter, such as stored masks.

    Raises:
        FileError: If a tensor is missing, or one is there that no part knows.
    """
    state: State = {}
    known: set[str] = set()
    missing: list[str] = []
    for part in parts:
        known.add(part.theirs)
        if part.theirs in tensors:
            state |= zip(part.ours, _split(part, tensors[part.theirs]), strict=True)
        elif not part.optional:
            missing.append(part.theirs)
    if missing:
        raise FileError(f"The weights lack {missing[0]!r}{_more(missing)}. The configuration asks for it.")
    extra = [name for name in tensors if name not in known and not name.endswith(tuple(ignored))]
    if extra:
        raise FileError(f"The weights have {extra[0]!r}{_more(extra)}, which the architecture does not know.")
    return state


def _split(part: Part, tensor: Tensor) -> list[Tensor]:
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise FileError(f"The weights hold {part.theirs!r} as {kind}, which is quantised. Get them as float numbers.")
    if not tensor.dim():
        raise FileError(f"The weights hold {part.theirs!r} as a single number. Fetch or copy them again.")
    whole = tensor.float()
    whole = whole.T if part.transposed else whole
    return [piece.clone(memory_format=torch.contiguous_format) for piece in whole.chunk(len(part.ours))]


def write(parts: Iterable[Part], state: Mapping[str, Tensor]) -> State:
    """Tensors of a file from the parameters of a graph; the way back of `read`."""
    there = [part for part in parts if not part.optional or all(name in state for name in part.ours)]
    return {part.theirs: _joined(part, state) for part in there}


def _joined(part: Part, state: Mapping[str, Tensor]) -> Tensor:
    whole = torch.cat([state[name].detach() for name in part.ours]) if part.ours[1:] else state[part.ours[0]].detach()
    return (whole.T if part.transposed else whole).clone(memory_format=torch.contiguous_format)


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 1} more" if names[1:] else ""
