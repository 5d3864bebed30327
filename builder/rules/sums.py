"""Rules about sums: what is in them, and that it is there once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from builder.diagnostics import Fix, Where
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, PortRef
from builder.edits import Batch, Connect, Edit, Remove
from builder.memo import Memo
from builder.rules.base import Finding, View, rule
from engine.errors import DocumentError

ADDS = {"residual_add": ("sum", "x", "update"), "add": ("y", "a", "b")}  # a kind's output, and the inputs it adds up
THROUGH = ("dropout", "segment_embedding")  # what comes into x comes out at y, with something added at most
Parts = frozenset[PortRef]
Ways = frozenset[tuple[str, str]]  # (output, input) of a kind where the input is a part of the output


@dataclass(frozen=True, eq=False)
class Sums:
    """What each value of a definition is a sum of.

    Args:
        here: The definition.
        order: Its nodes, each after what feeds it.
        inner: The ways straight through the composites in it.
        given: The parts of its inputs, where they are known.
    """

    here: Definition
    order: Iterable[str]
    inner: Mapping[str, Ways]
    given: Mapping[str, Parts] = field(default_factory=dict)

    def parts(self, value: PortRef) -> Parts:
        """A value and all that it is a sum of."""
        return self._parts.get(value, frozenset({value}))

    @cached_property
    def _parts(self) -> dict[PortRef, Parts]:
        found = {PortRef(name, RAIL_PORT): parts for name, parts in self.given.items()}
        for name in self.order:
            for out, port in self._ways(name):
                end, source = PortRef(name, out), self.here.feeds.get(PortRef(name, port))
                if source is not None:
                    found[end] = found.get(end, frozenset({end})) | found.get(source, frozenset({source}))
        return found

    def _ways(self, name: str) -> Iterable[tuple[str, str]]:
        kind = self.here.nodes[name].kind
        if kind in ADDS:
            out, *ports = ADDS[kind]
            return [(out, port) for port in ports]
        if kind in THROUGH or kind.endswith("_positions"):
            return [("y", "x")]
        if kind == "either":
            return [("y", "branch" if PortRef(name, "branch") in self.here.feeds else "x")]
        return self.inner.get(kind, ())

    @cached_property
    def doubles(self) -> tuple[str, ...]:
        """The nodes that add what is in both of their ends."""
        names = [name for name, node in self.here.nodes.items() if node.kind in ADDS]
        return tuple(name for name in names if self._shared(name))

    def _shared(self, name: str) -> bool:
        sources = self.ends(name).values()
        first, second = [self.parts(source) for source in sources] if len(sources) == 2 else (frozenset(), frozenset())
        return bool(first & second)

    def ends(self, name: str) -> dict[PortRef, PortRef]:
        """The inputs of a node that adds, and what comes into them."""
        ports = [PortRef(name, port) for port in ADDS[self.here.nodes[name].kind][1:]]
        return {port: self.here.feeds[port] for port in ports if port in self.here.feeds}


_SUMS: Memo[Sums] = Memo(512)
_WAYS: Memo[Ways] = Memo(512)


def ways_through(document: Document, kind: str, above: frozenset[str] = frozenset()) -> Ways:
    """The ways straight through a composite, which lead through nothing but sums; found once."""
    here = document.definitions[kind]
    inner = _inside(document, here, above | {kind})

    def found() -> Ways:
        sums = Sums(here, _order(here), inner)
        ends = {name: here.feeds.get(PortRef(name, RAIL_PORT)) for name in _rails(here, OUTPUT)}
        parts = {name: sums.parts(source) for name, source in ends.items() if source}
        return frozenset((out, rail) for out in parts for rail in _rails(here, INPUT) if rail_of(rail) in parts[out])

    return _WAYS.get((here,), frozenset(inner.items()), found)


def _inside(document: Document, here: Definition, above: frozenset[str]) -> dict[str, Ways]:
    """The ways through the composites of a definition; those that hold themselves have none."""
    used = {node.kind for node in here.nodes.values()} & document.definitions.keys()
    return {kind: ways_through(document, kind, above) for kind in used - above}


def _rails(here: Definition, side: str) -> list[str]:
    return [name for name, node in here.nodes.items() if node.kind == side]


def rail_of(name: str) -> PortRef:
    """The port of an end of a definition."""
    return PortRef(name, RAIL_PORT)


def _order(here: Definition) -> list[str]:
    try:
        return here.order()
    except DocumentError:  # a circle, which is reported elsewhere
        return []


@rule(
    "R032",
    "Added twice",
    why="A stream holds what was added to it once and for all. Added again, as in x + (x + f(x)), it counts twice: it "
    "grows from layer to layer and drowns what sublayers find out (He et al., arXiv:1512.03385).",
    severity="warning",
)
def added_twice(view: View) -> Iterator[Finding]:
    """Both ends of a sum hold the same, here or in a composite that gets the same twice."""
    inner = _inside(view.document, view.definition, frozenset({view.name}))
    key = frozenset(inner.items())
    sums = _SUMS.get((view.definition,), key, lambda: Sums(view.definition, view.around.order, inner))
    for name in sums.doubles:
        yield _finding(sums, name, mended=True)
    yield from _within(view.document, sums, frozenset({view.name}))


def _within(document: Document, sums: Sums, above: frozenset[str]) -> Iterator[Finding]:
    """Sums in composites of one layer whose ends hold the same because two inputs do."""
    wired: dict[str, dict[str, PortRef]] = {}
    for target, source in sums.here.feeds.items():
        node = sums.here.nodes[target.node]
        if node.kind in document.definitions and node.kind not in above and node.repeat is None:
            wired.setdefault(target.node, {})[target.port] = source
    for name, sources in wired.items():
        given = {port: _from_outside(sums.parts(source)) for port, source in sources.items()}
        if sum(map(len, given.values())) == len(frozenset[PortRef]().union(*given.values())):
            continue
        here = document.definitions[sums.here.nodes[name].kind]
        inner = _inside(document, here, above | {here.name})
        inside, alone = Sums(here, _order(here), inner, given), Sums(here, _order(here), inner)
        once = len(list(document.uses(here.name))) == 1
        yield from (_finding(inside, node, mended=once) for node in inside.doubles if node not in alone.doubles)
        yield from _within(document, inside, above | {here.name})


def _from_outside(parts: Parts) -> Parts:
    """Parts under names that nothing inside a composite has."""
    return frozenset(PortRef("", str(part)) for part in parts)


def _finding(sums: Sums, node: str, *, mended: bool) -> Finding:
    (_, first), (_, second) = sums.ends(node).items()
    one, other = sums.parts(first), sums.parts(second)
    mends = tuple(_mends(sums, node)) if mended else ()
    advice = f"{mends[0].label}." if mends else "Add to it only what is not in it yet."
    if one <= other or other <= one:
        again, stream = (first, second) if one <= other else (second, first)
        held = "itself" if first == second else f"{stream.node}, which holds it already"
        text = f"{node} adds {again.node} to {held}, so that it counts twice."
    else:
        text = f"{node} adds {first.node} and {second.node}, which both hold {_common(one & other)}: it counts twice."
    where = Where(definition=sums.here.name, node=node)
    return Finding(message=f"{text} {advice}", where=where, fixes=mends)


def _common(parts: Parts) -> str:
    """What two values share, by the name that can be seen here."""
    named = sorted(part.node for part in parts if part.node)
    return named[0] if named else "the same"


def _mends(sums: Sums, node: str) -> Iterator[Fix]:
    """Take the sum away where one end holds all of the other; else add only what the other does not hold."""
    (first_port, first), (second_port, second) = sums.ends(node).items()
    if sums.parts(first) <= sums.parts(second):
        yield _without(sums.here, node, second)
    elif sums.parts(second) <= sums.parts(first):
        yield _without(sums.here, node, first)
    else:
        yield from _alone(sums, second_port, first)
        yield from _alone(sums, first_port, second)


def _without(here: Definition, node: str, kept: PortRef) -> Fix:
    """Lead what a sum already has to where it goes, without the sum."""
    onward = [Connect(source=kept, target=w.target, at=here.name) for w in here.wires if w.source.node == node]
    label = f"Remove {node}"
    return Fix(label=label, edit=Batch(edits=(Remove(nodes=(node,), at=here.name), *onward), label=label))


def _alone(sums: Sums, port: PortRef, other: PortRef) -> Iterator[Fix]:
    """Add, in place of an earlier sum, what that adds to something which `other` holds."""
    here, earlier = sums.here, sums.here.feeds[port].node
    ends = list(sums.ends(earlier).values()) if here.nodes[earlier].kind in ADDS else []
    for held, new in (ends, ends[::-1]) if len(ends) == 2 else ():
        if sums.parts(held) <= sums.parts(other):
            edits: list[Edit] = [Connect(source=new, target=port, replace=True, at=here.name)]
            if len([wire for wire in here.wires if wire.source.node == earlier]) == 1:
                edits.append(Remove(nodes=(earlier,), at=here.name))
            label = f"Add {new.node} in place of {earlier}"
            yield Fix(label=label, edit=Batch(edits=tuple(edits), label=label))
            return
