"""One use of a definition on its way from the document to a recipe: its graph, its parts, what is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from torch import fx

from builder import names
from builder.catalogue import signature
from builder.document import INPUT, RAIL_PORT, Definition, Document, Node, PortRef
from builder.drawn import drawn_class
from builder.fusion import fused
from builder.presence import Presence, presence
from builder.recipes import Layers, Leaf, Part, Recipe
from builder.stacks import enter, spread, stack_class
from builder.values import layers_of, resolve_settings, scope
from engine.blocks.spec import CATALOGUE
from engine.errors import CompileError, DocumentError, ExpressionError, SettingError
from engine.ports import Port
from engine.registry import did_you_mean
from engine.settings import Value


def scope_of(definition: Definition, given: dict[str, Value] | None = None, path: str = "") -> dict[str, Value]:
    """Values of a definition's symbols.

    Raises:
        CompileError: If one has no value or does not fit.
    """
    try:
        return scope(definition, given)
    except (ExpressionError, SettingError) as error:
        raise CompileError(f"{path or definition.name}: {error}") from None


def class_name(definition: Definition) -> str:
    """What the class made of a definition is called: `encoder_block` becomes `EncoderBlock`."""
    return "".join(word.capitalize() for word in definition.name.split("_")) or "Model"


@dataclass(kw_only=True)
class Level:
    """One use of a definition, on its way to become a recipe. State: `graph`, `parts` and `values` grow.

    Args:
        document: The model.
        definition: What is used.
        settings: Values of its symbols.
        given: Its inputs that get something; `None` for all.
        unsure: Its inputs that may turn out to be `None` when the model is called.
        path: Where the use is; empty is the whole model.
        around: Names of the definitions that this use is inside of.
        fuse: Whether to run attention by the fused kernel.
        known: Recipes of uses that were met before, in the whole model.
    """

    document: Document
    definition: Definition
    settings: dict[str, Value]
    unsure: frozenset[str]
    given: frozenset[str] | None = None
    path: str = ""
    around: tuple[str, ...] = ()
    fuse: bool = True
    known: dict[tuple[object, ...], Recipe] = field(default_factory=dict)
    graph: fx.Graph = field(default_factory=fx.Graph)
    parts: dict[str, Part] = field(default_factory=dict)
    values: dict[PortRef, fx.Node] = field(default_factory=dict)

    def recipe(self) -> Recipe:
        """How to make the module; uses that are alike have the same recipe.

        Raises:
            CompileError: If something is missing or does not fit, here or further inside.
        """
        if self.definition.name in self.around:
            raise CompileError(f"{self.path}: {self.definition.name} holds itself. Remove this node.")
        key = (self.definition.name, tuple(self.settings.items()), self.unsure, self.given)
        if key not in self.known:
            self.known[key] = self._recipe()
        return self.known[key]

    def _recipe(self) -> Recipe:
        there = self._presence()
        for port in placed(self.definition.inputs, there.nodes):
            self._enter(port)
        for name in there.order:
            node = self.definition.nodes[name]
            if not node.is_rail:
                self._check_name(name)
                self._place(name, node, there)
        ports = self._leave(there)
        other, inner = fused(self.graph, self.parts) if self.fuse else (None, ())
        return Recipe(drawn_class(self.graph, class_name(self.definition), ports, other, inner), self.parts)

    def at(self, name: str) -> str:
        """The path of a node."""
        return f"{self.path}.{name}" if self.path else name

    def _presence(self) -> Presence:
        try:
            return presence(self.document, self.definition, self.given, self._inputs_of)
        except DocumentError as error:
            raise CompileError(f"{self.path or self.definition.name}: {error}") from None

    def _inputs_of(self, kind: str) -> tuple[Port, ...]:
        return CATALOGUE[kind].inputs if kind in CATALOGUE else ()

    def _enter(self, port: Port) -> None:
        self._check_name(port.name)
        self._set(port.name, RAIL_PORT, enter(self.graph, port))

    def _set(self, name: str, port: str, value: fx.Node) -> None:
        value.meta["path"] = name
        self.values[PortRef(name, port)] = value

    def _check_name(self, name: str) -> None:
        if problem := names.problem(name):
            raise CompileError(f"{self.at(name)}: {problem}")

    def _place(self, name: str, node: Node, there: Presence) -> None:
        """Add a node's module to the owner and its call to the graph."""
        outside = signature(self.document, node.kind)
        if outside is None:
            package = self.document.packages.get(node.kind)
            hint = did_you_mean(node.kind, [*CATALOGUE, *self.document.definitions])
            hint = f"It came with the package {package!r}. Install that." if package else hint
            raise CompileError(f"{self.at(name)}: the block {node.kind!r} is missing. {hint}")
        wired = there.wired(name)
        needed = wired | {port.name for port in outside.inputs if not port.optional}
        inputs = placed(outside.inputs, needed) if outside.composite else outside.inputs
        args = [self._argument(name, port, there) for port in inputs]
        while args and args[-1] is None:
            args.pop()
        self.parts[name] = self._part(name, node, wired, self._doubts(name, wired, there))
        call = self.graph.call_module(name, tuple(args))
        call.meta["path"] = name
        outputs = self._outputs(node, outside.outputs, wired)
        for port, value in zip(outputs, spread(self.graph, call, len(outputs)), strict=True):
            self._set(name, port.name, value)

    def _outputs(self, node: Node, ports: tuple[Port, ...], wired: frozenset[str]) -> list[Port]:
        """What comes out of a node: all that is not for onlookers, and of a composite what is there."""
        inner = self.document.definitions.get(node.kind)
        if inner is None:
            return [port for port in ports if not port.watch]
        given = wired | {port.name for port in inner.inputs if not port.optional}
        there = presence(self.document, inner, given, self._inputs_of).nodes
        return [port for port in ports if port.name in there]

    def _argument(self, name: str, port: Port, there: Presence) -> fx.Node | None:
        source = there.feeds.get(PortRef(name, port.name))
        if source is None:
            if port.optional:
                return None
            raise CompileError(f"{self.at(name)}: the input {port.name!r} has no wire. Wire it.")
        if source not in self.values:
            raise CompileError(f"{self.at(name)}: {port.name!r} is fed by {source}, which does not exist.")
        if self._is_unsure(source) and not port.optional:
            raise CompileError(
                f"{self.at(name)}: {port.name!r} needs {source.node!r}, which may be left out when the model is "
                f"called. Make the input {source.node!r} required."
            )
        return self.values[source]

    def _is_unsure(self, source: PortRef) -> bool:
        return self.definition.nodes[source.node].kind == INPUT and source.node in self.unsure

    def _doubts(self, name: str, wired: frozenset[str], there: Presence) -> frozenset[str]:
        return frozenset(port for port in wired if self._is_unsure(there.feeds[PortRef(name, port)]))

    def _leave(self, there: Presence) -> tuple[str, ...]:
        """Add what the graph gives, and return the names of it."""
        ends = [port.name for port in self.definition.outputs if port.name in there.nodes]
        values = {name: self._argument(name, Port(name=RAIL_PORT), there) for name in ends}
        result: object = tuple(values.values())
        if len(values) == 1:
            (result,) = values.values()
        elif not self.path:
            result = values
        self.graph.output(result).meta.update(path="", ports=tuple(ends))  # type: ignore[arg-type]
        return tuple(ends)

    def _part(self, name: str, node: Node, wired: frozenset[str], unsure: frozenset[str]) -> Part:
        inner = self.document.definitions.get(node.kind)
        if inner is None:
            return self._block(name, node)
        level = replace(
            self, definition=inner, given=wired | {p.name for p in inner.inputs if not p.optional},
            unsure=unsure, path=self.at(name), around=(*self.around, self.definition.name),
            graph=fx.Graph(), parts={}, values={},
        )  # fmt: skip
        if node.repeat is None:
            level.settings = scope_of(inner, self._settings(name, node), self.at(name))
            return level.recipe()
        return self._layers(name, node, level)

    def _block(self, name: str, node: Node) -> Leaf:
        if node.repeat is not None:
            raise CompileError(f"{self.at(name)}: only a composite can be repeated. Group it first.")
        spec = CATALOGUE[node.kind]
        return Leaf(spec, spec.config(**self._settings(name, node)))

    def _settings(self, name: str, node: Node) -> dict[str, Value]:
        outside = signature(self.document, node.kind)
        assert outside is not None
        try:
            return resolve_settings(node, outside, self.settings, self.at(name))
        except (ExpressionError, SettingError) as error:
            raise CompileError(str(error)) from None

    def _layers(self, name: str, node: Node, level: Level) -> Layers:
        """The layers of a repeated composite, called one after another."""
        count, path = self._count(name, node), self.at(name)
        found: dict[int, Recipe] = {}  # of the layers that have settings of their own; -1 are all others
        for index in range(1 if node.shared else count):
            own = node.overrides.get(index, {})
            if not own and -1 in found:
                continue
            changed = replace(node, settings={**node.settings, **own})
            settings = scope_of(level.definition, self._settings(name, changed), f"{path}.{index}")
            layer = replace(level, settings=settings, path=f"{path}.{index}", graph=fx.Graph(), parts={}, values={})
            found[index if own else -1] = layer.recipe()
        layers = tuple(
            found[0 if node.shared and 0 in found else index if index in found else -1] for index in range(count)
        )
        inputs = placed(level.definition.inputs, level.given or frozenset())
        outputs = self._outputs(node, level.definition.outputs, level.given or frozenset())
        carry = self._carry(name, node, inputs, outputs)
        kind = stack_class(f"{class_name(level.definition)}Stack", inputs=inputs, outputs=outputs, carry=carry)
        return Layers(kind, layers, node.shared)

    def _count(self, name: str, node: Node) -> int:
        try:
            return layers_of(node, self.settings)
        except ExpressionError as error:
            raise CompileError(f"{self.at(name)}: {error}") from None

    def _carry(self, name: str, node: Node, inputs: list[Port], outputs: list[Port]) -> tuple[str, str]:
        """Which input of a layer gets which output of the layer before it."""
        if not (inputs and outputs):
            raise CompileError(f"{self.at(name)}: a repeated composite needs an input and an output. Add them.")
        into, out = node.carry or (inputs[0].name, outputs[0].name)
        for port, ports in ((into, inputs), (out, outputs)):
            if port not in (known := [p.name for p in ports]):
                raise CompileError(f"{self.at(name)} cannot carry {port!r}. {did_you_mean(port, known)}")
        return into, out


def placed(ports: Collection[Port], there: Collection[str]) -> list[Port]:
    """The ports that are there, in the order of a compiled definition's arguments: required ones first."""
    return sorted((port for port in ports if port.name in there), key=lambda port: port.optional)
