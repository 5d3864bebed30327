"""Shapes of one block: what its inputs want and its outputs carry, for the shapes that come in.

Where one does not fit, the block is taken at its word, and the size in dispute fits whatever comes next: one mistake
is one problem. `builder.shapes` asks block by block, along the wires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from builder import dims
from builder.catalogue import Signature
from builder.dims import IndivisibleError, Letters, Pattern, Shape
from engine.errors import ExpressionError
from engine.ports import Port
from engine.settings import Value

Settings = Mapping[str, Value | None]
ANYTHING = Pattern(True, (), "...")  # in the place of a declared shape that cannot be read


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one block makes of the shapes that come in.

    Args:
        wanted: What its inputs want, in their order.
        outputs: What its outputs carry, in their order.
        clashes: Index of each input that got something else.
        uneven: (dimension, size, parts) of divisions with a rest.
        letters: What its letters stand for.
    """

    wanted: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    clashes: tuple[int, ...]
    uneven: tuple[tuple[str, int, int], ...]
    letters: Mapping[str, dims.Dim | Shape]


def of_block(kind: Signature, carried: tuple[Shape | None, ...], settings: Settings) -> Outcome:
    """What a block makes of the shapes that come in.

    Args:
        kind: The block's or definition's ports; one whose shape cannot be read fits everything.
        carried: What comes in at each input; `None` where nothing is known.
        settings: What its settings are worth.
    """
    wants, gives = tuple(map(_declared, kind.inputs)), tuple(map(_declared, kind.outputs))
    return fitted(wants, gives, carried, settings, {}, tuple(map(dims.pattern, kind.even)))


def _declared(port: Port) -> Pattern:
    try:
        return dims.pattern(port.shape)
    except ExpressionError:
        return ANYTHING


def fitted(
    wants: tuple[Pattern, ...],
    gives: tuple[Pattern, ...],
    carried: tuple[Shape | None, ...],
    settings: Settings,
    given: Letters,
    even: tuple[Pattern, ...] = (),
) -> Outcome:
    """What declared shapes come to, once those that come in have settled their letters.

    Args:
        wants: What the inputs want, as declared.
        gives: What the outputs carry, as declared.
        carried: What comes in at each input; `None` where nothing is known.
        settings: Sizes by name.
        given: Letters that are settled already.
        even: Divisions that must have no rest, of no port.
    """
    letters, uneven, clashes = {**given}, dict[tuple[str, int, int], None](), list[int]()
    wanted: list[Shape | None] = []
    doubts: Letters = {}
    for index, (declared, shape) in enumerate(zip(wants, carried, strict=True)):
        fits = shape is None or dims.match(declared, shape, letters, settings)
        wanted.append(_built(declared, letters, settings, uneven))
        if shape is not None and not fits:
            clashes.append(index)
            doubts |= dims.disputed(declared, shape, letters, settings)
            letters |= doubts
    letters |= {name: doubt for name, doubt in doubts.items() if name in letters}
    sizes = {**settings, **{name: doubt for name, doubt in doubts.items() if isinstance(doubt, dims.Dim)}}
    outputs = tuple([_built(declared, letters, sizes, uneven) for declared in gives])
    for division in even:
        _built(division, letters, sizes, uneven)
    return Outcome(wanted=tuple(wanted), outputs=outputs, clashes=tuple(clashes), uneven=tuple(uneven), letters=letters)


def _built(
    declared: Pattern, letters: Letters, settings: dims.Sizes, uneven: dict[tuple[str, int, int], None]
) -> Shape | None:
    try:
        return dims.shape_of(declared, letters, settings)
    except IndivisibleError as error:
        uneven[(dims.chosen(declared, settings).text, error.size, error.parts)] = None
        return None
