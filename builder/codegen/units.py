"""Which classes a document needs, and what the settings of each are worth where it is used.

A unit is a definition with a set of inputs that get something: a decoder block with a memory and one without are two
classes. A symbol that has the same value wherever the unit is used, and does not follow the model's sizes, is written
into the class as that value: so a feed-forward layer says `F.gelu` and has no setting `activation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from builder import names
from builder.catalogue import Signature, signature
from builder.codegen import values
from builder.codegen.layering import layers, variants
from builder.document import INPUT, RAIL_PORT, Definition, Document, PortRef
from builder.presence import Presence, presence
from builder.unfolding import unfolded
from builder.values import resolve_settings, scope
from engine.blocks.spec import CATALOGUE
from engine.errors import CompileError, DocumentError, ExpressionError, SettingError
from engine.ports import Port
from engine.registry import did_you_mean
from engine.settings import Value

Key = tuple[str, frozenset[str]]


@dataclass(kw_only=True)
class Unit:
    """A class to be. State: what is known of its uses grows while the document is read.

    Args:
        definition: What it is made of.
        there: Which of its nodes are there.
        root: Whether it is the whole model.
        found: The values of each symbol in all uses.
        free: Symbols that follow the model's sizes, so that they may have any value.
        unsure: Inputs that may be `None` when the model is called.
    """

    definition: Definition
    there: Presence
    root: bool = False
    found: dict[str, set[Value]] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """What tells it apart."""
        return self.definition.name, frozenset(port.name for port in self.inputs)

    @property
    def inputs(self) -> list[Port]:
        """The inputs that get something, those that may be `None` last."""
        there = [port for port in self.definition.inputs if port.name in self.there.nodes]
        return sorted(there, key=lambda port: port.name in self.unsure)

    @property
    def outputs(self) -> list[Port]:
        """What comes out."""
        return [port for port in self.definition.outputs if port.name in self.there.nodes]

    def possible(self, symbol: str) -> frozenset[Value] | None:
        """The values that a symbol may have; `None` for any."""
        if symbol not in self.free:
            return frozenset(self.found.get(symbol, ()))
        declared = next(s for s in self.definition.symbols if s.name == symbol)
        if declared.type is bool:
            return frozenset({True, False})
        return frozenset(declared.setting.choices) or None

    def settled(self, symbol: str) -> Value | None:
        """The one value of a symbol that needs no argument; `None` for those that do.

        Whole numbers stay arguments, for they are sizes, unless they are 0, which turns something off.
        """
        found = self.found.get(symbol, set())
        if symbol in self.free or len(found) != 1:
            return None
        (value,) = found
        return value if type(value) is not int or value == 0 else None

    def feed(self, node: str, port: str) -> PortRef | None:
        """What comes to a port."""
        return self.there.feeds.get(PortRef(node, port))

    def is_unsure(self, source: PortRef) -> bool:
        """Whether what comes from a port may be `None`."""
        return self.definition.nodes[source.node].kind == INPUT and source.node in self.unsure


@dataclass
class Units:
    """All units of a document. State: filled by `root`."""

    document: Document
    all: dict[Key, Unit] = field(default_factory=dict)
    _seen: set[object] = field(default_factory=set)

    def root(self) -> Unit:
        """Read the document from its root.

        Raises:
            CompileError: If it cannot become a model; the message says at which path.
        """
        main = self.document.main
        if reason := unfolded(self.document).problem:
            raise CompileError(reason)
        if not main.outputs:
            raise CompileError(f"{main.name} has no output. Add an output and wire it.")
        unsure = frozenset(port.name for port in main.inputs if port.optional)
        free = frozenset(symbol.name for symbol in main.symbols)
        unit = self._visit(main, None, _scope_of(main, {}, ""), free, unsure, "", ())
        unit.root = True
        return unit

    def of(self, unit: Unit, name: str) -> Unit | None:
        """The unit that a node of another one uses; `None` for blocks."""
        inner = self.document.definitions.get(unit.definition.nodes[name].kind)
        return None if inner is None else self.all[inner.name, self._given(inner, unit.there.wired(name))]

    def holds(self, unit: Unit, kind: str) -> bool:
        """Whether a block of this kind is in a unit, or in one that it is made of."""
        blocks = (u.definition.nodes[name].kind for u in self.ordered(unit) for name in u.there.order)
        return kind in blocks

    def ordered(self, unit: Unit) -> list[Unit]:
        """A unit and those it is made of, each after those that it is made of itself."""
        found: dict[Key, Unit] = {}
        self._collect(unit, found)
        return list(found.values())

    def _collect(self, unit: Unit, found: dict[Key, Unit]) -> None:
        for name in unit.there.order:
            if (inner := self.of(unit, name)) is not None and inner.key not in found:
                self._collect(inner, found)
        found[unit.key] = unit

    def _given(self, inner: Definition, wired: frozenset[str]) -> frozenset[str]:
        return frozenset(port.name for port in inner.inputs if not port.optional or port.name in wired)

    def _visit(
        self,
        definition: Definition,
        given: frozenset[str] | None,
        scope: Mapping[str, Value],
        free: frozenset[str],
        unsure: frozenset[str],
        path: str,
        around: tuple[str, ...],
    ) -> Unit:
        if definition.name in around:
            raise CompileError(f"{path}: {definition.name} holds itself. Remove this node.")
        known = frozenset(port.name for port in definition.inputs) if given is None else given
        seen = (definition.name, known, tuple(scope.items()), free, unsure)
        if seen in self._seen:
            return self.all[definition.name, known]
        unit = self.all.get((definition.name, known)) or self._new(definition, known, path)
        unit.free |= free
        unit.unsure |= unsure
        for symbol, value in scope.items():
            unit.found.setdefault(symbol, set()).add(value)
        self._check(unit, unsure, path)
        for name in unit.there.order:
            if not definition.nodes[name].is_rail:
                self._enter(unit, name, scope, free, unsure, path, around)
        self._seen.add(seen)
        return unit

    def _new(self, definition: Definition, given: frozenset[str], path: str) -> Unit:
        try:
            there = presence(self.document, definition, given, _inputs_of)
        except DocumentError as error:
            raise CompileError(f"{path or definition.name}: {error}") from None
        return self.all.setdefault((definition.name, given), Unit(definition=definition, there=there))

    def _check(self, unit: Unit, unsure: frozenset[str], path: str) -> None:
        """Refuse what cannot be built: names, missing blocks and wires."""
        for name in unit.there.order:
            here, node = _at(path, name), unit.definition.nodes[name]
            if problem := names.problem(name):
                raise CompileError(f"{here}: {problem}")
            outside = None if node.is_rail else signature(self.document, node.kind)
            if outside is None and not node.is_rail:
                package = self.document.packages.get(node.kind)
                hint = did_you_mean(node.kind, [*CATALOGUE, *self.document.definitions])
                hint = f"It came with the package {package!r}. Install that." if package else hint
                raise CompileError(f"{here}: the block {node.kind!r} is missing. {hint}")
            inputs = outside.inputs if outside else (Port(name=RAIL_PORT),) if node.kind != INPUT else ()
            for port in inputs:
                _check_port(unit, PortRef(name, port.name), port.optional, unsure, here)

    def _enter(
        self,
        unit: Unit,
        name: str,
        scope: Mapping[str, Value],
        free: frozenset[str],
        unsure: frozenset[str],
        path: str,
        around: tuple[str, ...],
    ) -> None:
        """Read what a node is made of, once for each set of settings among its layers."""
        node, here = unit.definition.nodes[name], _at(path, name)
        outside = signature(self.document, node.kind)
        assert outside is not None
        inner = self.document.definitions.get(node.kind)
        count = layers(node, scope, here, composite=inner is not None)
        for settings in variants(node, count):
            changed = replace(node, settings=settings)
            try:
                values_ = resolve_settings(changed, outside, scope, here)
            except (ExpressionError, SettingError) as error:
                raise CompileError(str(error)) from None
            if inner is None:
                continue
            wired = unit.there.wired(name)
            doubts = frozenset(p for p in wired if unit.there.feeds[PortRef(name, p)].node in unsure & _ins(unit))
            own = _scope_of(inner, values_, here)
            follow = _follow(outside, settings, free)
            self._visit(inner, self._given(inner, wired), own, follow, doubts, here, (*around, unit.definition.name))


def carry(unit: Unit, inner: Unit, name: str, path: str) -> tuple[str, str]:
    """Which input of a layer gets which output of the layer before it.

    Raises:
        CompileError: If there is no such port.
    """
    inputs, outputs = sorted(inner.inputs, key=lambda port: port.optional), inner.outputs
    if not (inputs and outputs):
        raise CompileError(f"{path}: a repeated composite needs an input and an output. Add them.")
    pair = unit.definition.nodes[name].carry or (inputs[0].name, outputs[0].name)
    for port, ports in zip(pair, (inputs, outputs), strict=True):
        if port not in (known := [p.name for p in ports]):
            raise CompileError(f"{path} cannot carry {port!r}. {did_you_mean(port, known)}")
    return pair


def _scope_of(definition: Definition, given: Mapping[str, Value], path: str) -> dict[str, Value]:
    try:
        return scope(definition, given)
    except (ExpressionError, SettingError) as error:
        raise CompileError(f"{path or definition.name}: {error}") from None


def _check_port(unit: Unit, at: PortRef, optional: bool, unsure: frozenset[str], path: str) -> None:
    source = unit.there.feeds.get(at)
    if source is None:
        if not optional:
            raise CompileError(f"{path}: the input {at.port!r} has no wire. Wire it.")
    elif source.node not in unit.there.order:
        raise CompileError(f"{path}: {at.port!r} is fed by {source}, which does not exist.")
    elif not optional and source.node in unsure & _ins(unit):
        raise CompileError(
            f"{path}: {at.port!r} needs {source.node!r}, which may be left out when the model is "
            f"called. Make the input {source.node!r} required."
        )


def _ins(unit: Unit) -> frozenset[str]:
    return frozenset(port.name for port in unit.definition.inputs)


def _follow(outside: Signature, settings: Mapping[str, Value], free: frozenset[str]) -> frozenset[str]:
    """The settings of a node that follow symbols of `free`."""
    follow: set[str] = set()
    for setting in outside.fields:
        mine = setting.name in settings
        tree = values.read(setting, settings[setting.name] if mine else setting.default)
        if set(values.names(tree)) & (free if mine else follow):
            follow.add(setting.name)
    return frozenset(follow)


def _inputs_of(kind: str) -> tuple[Port, ...]:
    return CATALOGUE[kind].inputs if kind in CATALOGUE else ()


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
