"""Rules about sums: what is in them, and that it is there once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from itertools import combinations, count
from operator import or_

from builder.diagnostics import Fix, Where
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, PortRef
from builder.edits import Batch, Connect, Edit, Remove
from builder.memo import Memo
from builder.rules.base import Finding, View, rule
from engine.errors import DocumentError

# The outputs of a kind, each with what it is a sum of: inputs, and values inside that are in other outputs too, which
# begin with a dot.
Ways = tuple[tuple[str, tuple[str, ...]], ...]
ADDS: Mapping[str, Ways] = {"residual_add": (("sum", ("x", "update")),), "add": (("y", ("a", "b")),)}
MOST = 200  # composites that are looked into from outside; more would only repeat themselves
THROUGH = ("dropout", "segment_embedding")  # what comes into x comes out at y, with something added at most


@dataclass(frozen=True, eq=False)
class Sums:
    """What each value of a definition is a sum of. State: `known` grows.

    Parts are the bits of a whole number, a bit for each value, because graphs may have a thousand sums in a row.

    Args:
        here: The definition.
        order: Its nodes, each after what feeds it.
        inner: The ways straight through the composites in it.
        given: What its inputs are sums of outside, by any names; nothing where that is not known.
        known: The values that have bits, in their order.
        free: The next bits; a number is given once, whichever thread asks.
    """

    here: Definition
    order: Iterable[str]
    inner: Mapping[str, Ways]
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)
    known: dict[PortRef, int] = field(default_factory=dict)
    free: Iterator[int] = field(default_factory=count)

    def parts(self, value: PortRef) -> int:
        """A value and all that it is a sum of."""
        return self._found[0].get(value) or self._bit(value)

    def names(self, parts: int) -> list[str]:
        """The ports that give these parts; those outside begin with a dot."""
        return [str(value) for value, bit in list(self.known.items()) if parts >> bit & 1]

    @property
    def doubles(self) -> list[str]:
        """The nodes that add what is in both of their ends."""
        return self._found[1]

    def _bit(self, value: PortRef) -> int:
        bit = self.known.get(value)
        return 1 << (self.known.setdefault(value, next(self.free)) if bit is None else bit)

    @cached_property
    def _found(self) -> tuple[dict[PortRef, int], list[str]]:
        found: dict[PortRef, int] = {}
        doubles: list[str] = []
        for name, given in self.given.items():
            found[rail_of(name)] = sum(self._bit(PortRef("", part)) for part in given)
        for name in self.order:
            for out, ports in self._ways(name):
                sources = [source for port in ports if (source := self._source(PortRef(name, port)))]
                parts, end = [found.get(source) or self._bit(source) for source in sources], PortRef(name, out)
                found[end] = reduce(or_, parts, self._bit(end))
                if len(parts) == 2 and parts[0] & parts[1] and self.here.nodes[name].kind in ADDS:
                    doubles.append(name)
        return found, doubles

    def _source(self, port: PortRef) -> PortRef | None:
        """What comes into a port; a value inside comes from itself."""
        return port if port.port.startswith(".") else self.here.feeds.get(port)

    def _ways(self, name: str) -> Ways:
        kind = self.here.nodes[name].kind
        if kind in ADDS:
            return ADDS[kind]
        if kind in THROUGH or kind.endswith("_positions"):
            return (("y", ("x",)),)
        if kind == "either":
            return (("y", ("branch" if PortRef(name, "branch") in self.here.feeds else "x",)),)
        return self.inner.get(kind, ())

    def ends(self, name: str) -> dict[PortRef, PortRef]:
        """The inputs of a node that adds, and what comes into them."""
        ((_, into),) = ADDS[self.here.nodes[name].kind]
        ports = [PortRef(name, port) for port in into]
        return {port: self.here.feeds[port] for port in ports if port in self.here.feeds}


_SUMS: Memo[Sums] = Memo(512)
_WAYS: Memo[Ways] = Memo(512)
_ALL: Memo[dict[str, Ways]] = Memo(16)


def ways_in(document: Document, here: Definition) -> dict[str, Ways]:
    """The ways straight through the composites in a definition, which lead through nothing but sums."""
    known = _ALL.get((document,), None, lambda: _ways_of_all(document))
    return {kind: known[kind] for kind in _composites(document, here)}


def _ways_of_all(document: Document) -> dict[str, Ways]:
    known: dict[str, Ways] = {}
    for here in document.definitions.values():
        for kind in _composites(document, here):
            _ways_through(document, kind, known)
    return known


def _ways_through(document: Document, kind: str, known: dict[str, Ways]) -> Ways:
    if kind not in known:
        known[kind] = ()  # a composite that holds itself has none
        here = document.definitions[kind]
        inner = {name: _ways_through(document, name, known) for name in _composites(document, here)}
        known[kind] = _WAYS.get((here,), frozenset(inner.items()), lambda: _found_ways(here, inner))
    return known[kind]


def _composites(document: Document, here: Definition) -> set[str]:
    return {node.kind for node in here.nodes.values()} & document.definitions.keys()


def _found_ways(here: Definition, inner: Mapping[str, Ways]) -> Ways:
    sums = Sums(here, _order(here), inner)
    ends = {name: here.feeds.get(PortRef(name, RAIL_PORT)) for name in _rails(here, OUTPUT)}
    parts = {name: sums.parts(source) for name, source in ends.items() if source}
    rails = {name: sums.parts(rail_of(name)) for name in _rails(here, INPUT)}
    shared = reduce(or_, (one & other for one, other in combinations(parts.values(), 2)), 0)
    inside = shared & ~reduce(or_, rails.values(), 0)

    def held(bits: int) -> Iterator[str]:
        yield from (rail for rail in rails if bits & rails[rail])
        yield from (f".{name}" for name in sums.names(bits & inside))

    return tuple((out, tuple(held(bits))) for out, bits in parts.items())


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
    inner = ways_in(view.document, view.definition)
    key = frozenset(inner.items())
    sums = _SUMS.get((view.definition,), key, lambda: Sums(view.definition, view.around.order, inner))
    for name in sums.doubles:
        yield _finding(sums, name, mended=True)
    waiting = [(sums, frozenset({view.name}))]
    for there, above in waiting:
        for name in list(_getting_the_same(view.document, there, above))[: MOST - len(waiting)]:
            inside = _use(view.document, there, name)
            alone = replace(inside, given={}, known={}, free=count())
            once = len(list(view.document.uses(inside.here.name))) == 1
            yield from (_finding(inside, node, mended=once) for node in inside.doubles if node not in alone.doubles)
            waiting.append((inside, above | {inside.here.name}))


def _getting_the_same(document: Document, sums: Sums, above: frozenset[str]) -> Iterator[str]:
    """The composites of one layer two of whose inputs share something."""
    wired: dict[str, list[int]] = {}
    for target, source in sums.here.feeds.items():
        node = sums.here.nodes[target.node]
        if node.kind in document.definitions and node.kind not in above and node.repeat is None:
            wired.setdefault(target.node, []).append(sums.parts(source))
    for name, parts in wired.items():
        if any(one & other for one, other in combinations(parts, 2)):
            yield name


def _use(document: Document, sums: Sums, name: str) -> Sums:
    """The sums in a composite, with what comes into it there."""
    here = document.definitions[sums.here.nodes[name].kind]
    sources = {target.port: source for target, source in sums.here.feeds.items() if target.node == name}
    given = {port: frozenset(sums.names(sums.parts(source))) for port, source in sources.items()}
    return Sums(here, _order(here), ways_in(document, here), given)


def _finding(sums: Sums, node: str, *, mended: bool) -> Finding:
    (_, first), (_, second) = sums.ends(node).items()
    one, other = sums.parts(first), sums.parts(second)
    mends = tuple(_mends(sums, node)) if mended else ()
    advice = f"{mends[0].label}." if mends else "Add to it only what is not in it yet."
    if one & other in (one, other):
        again, stream = (first, second) if one & other == one else (second, first)
        held = "itself" if first == second else f"{stream.node}, which holds it already"
        text = f"{node} adds {again.node} to {held}, so that it counts twice."
    elif first.node == second.node:
        text = f"{node} adds {first.port} and {second.port} of {first.node}, which hold the same: it counts twice."
    else:
        both = sums.names(one & other)[-1].strip(".").split(".")[0]
        text = f"{node} adds {first.node} and {second.node}, which both hold {both}: it counts twice."
    return Finding(message=f"{text} {advice}", where=Where(definition=sums.here.name, node=node), fixes=mends)


def _mends(sums: Sums, node: str) -> Iterator[Fix]:
    """Take the sum away where one end holds all of the other; else add only what the other does not hold."""
    (first_port, first), (second_port, second) = sums.ends(node).items()
    shared = sums.parts(first) & sums.parts(second)
    if shared == sums.parts(first):
        yield _without(sums.here, node, second)
    elif shared == sums.parts(second):
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
        has, gains = sums.parts(held), sums.parts(new)
        if has & sums.parts(other) == has and not gains & sums.parts(other):
            edits: list[Edit] = [Connect(source=new, target=port, replace=True, at=here.name)]
            if len([wire for wire in here.wires if wire.source.node == earlier]) == 1:
                edits.append(Remove(nodes=(earlier,), at=here.name))
            label = f"Add {new.node} in place of {earlier}"
            yield Fix(label=label, edit=Batch(edits=tuple(edits), label=label))
            return
