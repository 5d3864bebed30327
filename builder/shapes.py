"""Symbolic shapes: what every wire of a definition carries, and where that is not what the port wants.

A definition is read once for each set of values of its symbols. Its inputs have their declared shapes, with
letters as sizes that nobody knows; each block's letters get their sizes from what comes in. Where a wire does
not fit, the block is taken at its word, and the size in dispute fits whatever comes next: one mistake is one problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from builder import dims
from builder.block_shapes import ANYTHING, Outcome, Settings, fitted, of_block
from builder.dims import IndivisibleError, Letters, Pattern, Shape
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, PortRef
from builder.memo import Memo
from builder.surroundings import Surroundings
from engine.errors import ExpressionError
from engine.ports import Port


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A port gets another shape than it wants.

    Args:
        port: The input port.
        carried: What comes.
        wanted: What should; `None` if any shape of another rank would do.
    """

    port: PortRef
    carried: Shape
    wanted: Shape | None


@dataclass(frozen=True, kw_only=True)
class Uneven:
    """A block would have to part a size that cannot be parted evenly.

    Args:
        node: The block.
        dim: The declared dimension, such as `D//n_heads`.
        size: What is to be parted.
        parts: Into how many.
    """

    node: str
    dim: str
    size: int
    parts: int


@dataclass(kw_only=True)
class Inference:
    """Shapes and kinds at the ports of a definition. State: filled by `infer`, then only read.

    Args:
        shapes: By port; `None` where nothing is known.
        kinds: What each port carries; `any` is settled where something comes in.
        letters: What each node's letters stand for.
        clashes: Ports that get what they do not want.
        uneven: Divisions with a rest.
        unreadable: Ports whose declared shape cannot be read, with the reason.
    """

    shapes: dict[PortRef, Shape | None] = field(default_factory=dict)
    kinds: dict[PortRef, str] = field(default_factory=dict)
    letters: dict[str, Mapping[str, dims.Dim | Shape]] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    uneven: list[Uneven] = field(default_factory=list)
    unreadable: list[tuple[PortRef, str]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether everything fits."""
        return not (self.clashes or self.uneven or self.unreadable)


def infer(around: Surroundings) -> Inference:
    """Find the shape at every port of a definition.

    Args:
        around: The definition, what its nodes' kinds are, and what their settings are worth.
    """
    found = Inference()
    own = _rigid_letters(around.definition)
    for name in around.order:
        kind = around.definition.nodes[name].kind
        if kind == INPUT:
            _enter(around, found, name, own)
        elif kind == OUTPUT:
            _leave(around, found, name, own)
        else:
            _pass(around, found, name)
    return found


def _rigid_letters(definition: Definition) -> Letters:
    """The letters of a definition's inputs: inside it they are sizes that nobody may settle."""
    letters: Letters = {}
    for port in definition.inputs:
        try:
            letters |= {name: dims.letter(name) for name in dims.letters_of(port.shape)}
        except ExpressionError:
            continue
        if port.shape.startswith((dims.REST, dims.LOOSE)):
            letters[dims.REST] = (dims.letter("…"),)
    return letters


def read(port: Port, at: PortRef, found: Inference) -> Pattern:
    """The declared shape of an end; one that cannot be read is noted and fits everything."""
    try:
        return dims.pattern(port.shape)
    except ExpressionError as error:
        found.unreadable.append((at, str(error)))
        return ANYTHING


def _enter(around: Surroundings, found: Inference, name: str, own: Letters) -> None:
    port, at = around.end(name), PortRef(name, RAIL_PORT)
    found.kinds[at] = port.kind
    try:
        found.shapes[at] = dims.shape_of(read(port, at, found), own, around.scope)
    except IndivisibleError as error:
        found.uneven.append(Uneven(node=name, dim=port.shape, size=error.size, parts=error.parts))
        found.shapes[at] = None


def _leave(around: Surroundings, found: Inference, name: str, own: Letters) -> None:
    port, at = around.end(name), PortRef(name, RAIL_PORT)
    source = around.feeds.get(at)
    carried = found.shapes.get(source) if source else None
    outcome = fitted((read(port, at, found),), (), (carried,), around.scope, own)
    found.kinds[at] = _settled(port.kind, found.kinds.get(source) if source else None)
    found.shapes[at] = carried if source and carried is not None else outcome.wanted[0]
    _note(found, name, outcome, ((at, carried),))
    own |= dict(outcome.letters)


_OUTCOMES: Memo[Outcome] = Memo(20_000)


def _pass(around: Surroundings, found: Inference, name: str) -> None:
    kind = around.signatures[name]
    if kind is None:
        return
    ports = tuple([PortRef(name, port.name) for port in kind.inputs])
    sources = [around.feeds.get(port) for port in ports]
    carried = tuple([found.shapes.get(source) if source else None for source in sources])
    outcome = _OUTCOMES.get(
        (kind,), (around.worth[name], carried), lambda: of_block(kind, carried, dict(around.worth[name]))
    )  # fmt: skip
    follows = _follows(found, kind.inputs, sources)
    for port, at, shape, wanted in zip(kind.inputs, ports, carried, outcome.wanted, strict=True):
        found.shapes[at] = wanted if shape is None else shape
        found.kinds[at] = follows if port.kind == "any" else port.kind
    for port, shape in zip(kind.outputs, outcome.outputs, strict=True):
        at = PortRef(name, port.name)
        found.shapes[at] = shape
        found.kinds[at] = follows if port.kind == "any" and port.follows else port.kind
    found.letters[name] = outcome.letters
    _note(found, name, outcome, tuple(zip(ports, carried, strict=True)))


def again(around: Surroundings, name: str, found: Inference, settings: Settings) -> Outcome:
    """What node `name` would make of the shapes that come to it if it had other settings."""
    kind = around.signatures[name]
    assert kind is not None
    sources = [around.feeds.get(PortRef(name, port.name)) for port in kind.inputs]
    carried = tuple(found.shapes.get(source) if source else None for source in sources)
    return of_block(kind, carried, settings)


def _follows(found: Inference, inputs: tuple[Port, ...], sources: list[PortRef | None]) -> str:
    """What a block's ports of kind `any` carry: the kind that comes in first at one of them."""
    for port, source in zip(inputs, sources, strict=True):
        if port.kind == "any" and source is not None:
            return found.kinds.get(source, "any")
    return "any"


def _settled(kind: str, comes: str | None) -> str:
    return comes or kind if kind == "any" else kind


def _note(found: Inference, name: str, outcome: Outcome, ports: tuple[tuple[PortRef, Shape | None], ...]) -> None:
    for index in outcome.clashes:
        port, carried = ports[index]
        assert carried is not None
        found.clashes.append(Clash(port=port, carried=carried, wanted=outcome.wanted[index]))
    for dim, size, parts in outcome.uneven:
        found.uneven.append(Uneven(node=name, dim=dim, size=size, parts=parts))


def texts(found: Inference) -> Iterator[tuple[PortRef, str]]:
    """The shape text of every port that has one."""
    return ((port, dims.text(shape)) for port, shape in found.shapes.items() if shape is not None)
