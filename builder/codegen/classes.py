"""One class of the generated file: a unit's constructor and forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from builder.catalogue import signature
from builder.codegen import documentation, stacking, tree, values
from builder.codegen.emit import emit
from builder.codegen.emit.registry import EMITTERS
from builder.codegen.flow import Flow
from builder.codegen.fusing import Drawn, Fusing
from builder.codegen.letters import Letters
from builder.codegen.partlist import Parts
from builder.codegen.site import Holdings, Site
from builder.codegen.steps import Line, Step
from builder.codegen.text import clean
from builder.codegen.units import Key, Unit, Units, carry
from builder.document import Document, Node, PortRef
from builder.expressions import parse
from engine.blocks.spec import CATALOGUE
from engine.settings import Field

INDENT = " " * 8


@dataclass(frozen=True, kw_only=True)
class Made:
    """A class that is written.

    Args:
        name: What it is called.
        unit: What it was made of.
        lines: Its source.
        arguments: What its constructor takes, in order.
        letters: Letters of shapes that its comments use.
        draws: Whether it may draw random numbers in training.
    """

    name: str
    unit: Unit
    lines: list[Line]
    arguments: tuple[str, ...]
    letters: frozenset[str]
    draws: bool


class ClassWriter:
    """Writes a class. State: holdings and steps grow from node to node.

    Args:
        document: The model.
        units: All units.
        unit: What the class is made of.
        name: What it is called.
        made: The classes that are written already.
        parts: What the file includes.
        taken: Names of the module that variables must not have.
    """

    def __init__(
        self,
        document: Document,
        units: Units,
        unit: Unit,
        name: str,
        made: Mapping[Key, Made],
        parts: Parts,
        taken: Callable[[], Iterable[str]],
    ) -> None:
        self._document, self._units, self._unit, self._name = document, units, unit, name
        self._made, self._parts, self._taken = made, parts, taken
        self._holdings = Holdings(unit)
        self._letters = Letters(document, unit)
        self._modules: list[Line] = []
        self._starts: list[Line] = []
        self._blocks: dict[str, Drawn] = {}
        self._steps: list[Step] = []

    def write(self, ties: Iterable[str] = ()) -> Made:
        """Write the class; `ties` are lines for the end of the constructor."""
        for name in self._unit.there.order:
            if not self._unit.definition.nodes[name].is_rail:
                self._node(name)
        body = self._forward()
        arguments = self._arguments()
        head = documentation.head(self._name, self._unit, arguments, self._made_of())
        start = self._constructor(arguments, ties)
        lines = [*head, *start, Line(""), *documentation.forward(self._unit, self._letters), *body]
        used = frozenset(self._letters.used)
        return Made(
            name=self._name, unit=self._unit, lines=lines, arguments=arguments, letters=used,
            draws=any(step.draws for step in self._steps),
        )  # fmt: skip

    def _made_of(self) -> list[str]:
        """What the whole model is made of, in the order of its computation."""
        if not self._unit.root:
            return []
        definition = self._unit.definition
        nodes = [definition.nodes[name] for name in self._unit.there.order]
        found = [_called(self._document, node) for node in nodes if not node.is_rail]
        return [name for place, name in enumerate(found) if not place or found[place - 1] != name]

    def _arguments(self) -> tuple[str, ...]:
        if self._unit.root:
            return ("config",)
        return tuple(s.name for s in self._unit.definition.symbols if s.name in self._holdings.arguments)

    def _constructor(self, arguments: tuple[str, ...], ties: Iterable[str]) -> list[Line]:
        types = {s.name: s.type.__name__ for s in self._unit.definition.symbols} | {"config": "Config"}
        given = ("self", *(f"{name}: {types[name]}" for name in arguments))
        lines = [*documentation.function("__init__", given, "None"), Line(f"{INDENT}super().__init__()")]
        rank = {name: place for place, name in enumerate(arguments)}
        for name, made in sorted(self._holdings.kept.items(), key=lambda item: rank.get(item[1], len(rank))):
            lines.append(Line(f"{INDENT}self.{name} = {made}"))
        lines += self._modules
        if self._unit.root:
            lines += [Line(f"{INDENT}self.apply({self._parts.name('init_weights')})"), *self._starts]
        return [*lines, *(Line(INDENT + tie) for tie in ties)]

    def _node(self, name: str) -> None:
        node = self._unit.definition.nodes[name]
        outside = signature(self._document, node.kind)
        assert outside is not None
        inner = self._units.of(self._unit, name)
        if inner is not None:
            self._composite(name, inner)
            return
        fields: dict[str, Field] = {field.name: field for field in outside.fields}
        site = Site(name, fields, node.settings, self._holdings, self._parts, self._letters)
        emission = emit(node.kind, site)
        self._blocks[name] = Drawn(node.kind, site)
        if emission.make is not None:
            self._make(name, emission.make)
        self._starts += [Line(INDENT + text, frozenset({name})) for text in emission.starts]
        outputs = tuple(port.name for port in CATALOGUE[node.kind].outputs if not port.watch)
        draws = node.kind not in EMITTERS or site.draws()  # a block of a plugin may do anything
        self._steps.append(Step(name, emission.call, outputs, draws=draws))

    def _make(self, name: str, part: object) -> None:
        for text in tree.lines(f"self.{name} = ", part, "", INDENT):
            self._modules.append(Line(text, frozenset({name})))

    def _composite(self, name: str, inner: Unit) -> None:
        node, made = self._unit.definition.nodes[name], self._made[inner.key]
        call = tree.Call(f"self.{name}", tuple(tree.Port(port.name) for port in inner.inputs))
        outputs = tuple(port.name for port in inner.outputs)
        outside = signature(self._document, node.kind)
        assert outside is not None
        layers = stacking.arguments(node, outside.fields, made.arguments, self._holdings.symbol)
        if node.repeat is None:
            self._make(name, stacking.built(made.name, layers))
            self._steps.append(Step(name, call, outputs, draws=made.draws))
            return
        count = values.source(values.substituted(parse(str(node.repeat)), self._holdings.symbol))
        for text in stacking.listed(f"self.{name} = ", made.name, layers, count, shared=node.shared):
            self._modules.append(Line(INDENT + text, frozenset({name})))
        if node.shared and self._units.holds(inner, "router"):
            count = self._parts.name("count_calls")
            self._modules.append(Line(f"{INDENT}{count}(self.{name})", frozenset({name})))
        self._steps.append(Step(name, call, outputs, carry(self._unit, inner, name, name), made.draws))

    def _forward(self) -> list[Line]:
        ends = [port.name for port in self._unit.outputs]
        steps, feeds, inside = Fusing(self._blocks, self._unit.there.feeds).fused(self._steps)
        feeds, steps, same = _without_aliases(feeds, steps)
        needed = _needed(feeds, steps, ends)
        steps = [step for step in steps if step.node in needed]
        flow = Flow(feeds, self._letters, self._taken())
        flow.expect(steps, ends)
        for port in self._unit.inputs:
            flow.enter(port.name)
        for step in steps:
            flow.write(step)
        flow.leave(ends, named=self._unit.root)
        return [_with_silent(line, {**same, **inside}) for line in flow.lines]


def _called(document: Document, node: Node) -> str:
    outside = signature(document, node.kind)
    name = clean(node.label) or (clean(outside.title) if outside else node.kind)
    return name if node.repeat is None else f"{node.repeat} × {name}"


def _without_aliases(
    feeds: Mapping[PortRef, PortRef], steps: list[Step]
) -> tuple[dict[PortRef, PortRef], list[Step], dict[str, str]]:
    """Feeds that pass by the nodes that only hand on what comes in, the other steps, and whose place those take."""
    same: dict[PortRef, PortRef] = {}
    kept: list[Step] = []
    for step in steps:
        if isinstance(step.call, tree.Port):
            source = feeds[step.ref(step.call.name)]
            same[step.ref(step.outputs[0])] = same.get(source, source)
        else:
            kept.append(step)
    silent = {ref.node: source.node for ref, source in same.items()}
    return {target: same.get(source, source) for target, source in feeds.items()}, kept, silent


def _with_silent(line: Line, silent: Mapping[str, str]) -> Line:
    """A line that is also about the nodes that only hand on what it gives."""
    return replace(line, owners=line.owners | {node for node, source in silent.items() if source in line.owners})


def _needed(feeds: Mapping[PortRef, PortRef], steps: list[Step], ends: list[str]) -> set[str]:
    """Ids of the nodes that an output hangs on."""
    found = {feeds[PortRef(end, "value")].node for end in ends}
    for step in reversed(steps):
        if step.node in found:
            found |= {feeds[PortRef(step.node, port)].node for port in tree.ports(step.call)}
    return found
