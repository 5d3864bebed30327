"""An attention core in every use of the definition around it: what its settings are worth there, and what it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from builder.catalogue import block_inputs, known_scope
from builder.document import INPUT, Definition, Document, PortRef
from builder.expressions import evaluate
from builder.presence import presence
from builder.shapes import infer
from builder.surroundings import inner_scope, layer_settings, survey
from builder.symbolic import SymbolicShapes
from engine.errors import DocumentError, ExpressionError
from engine.settings import Value

MOST = 1_000  # uses of a definition that differ


@dataclass(frozen=True, kw_only=True)
class Use:
    """A definition with values for its symbols.

    Args:
        scope: The values.
        given: Its inputs that get something.
        unsure: Its inputs that may turn out to be nothing when the model is called.
    """

    scope: Mapping[str, Value]
    given: frozenset[str]
    unsure: frozenset[str]


class Uses:
    """Every way in which definitions of a document are used; each is found once. State: grows with what is asked."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[str, list[Use]] = {}

    def of(self, definition: Definition) -> list[Use]:
        """The uses of a definition that differ; where the model has none, the one by its own defaults.

        Raises:
            DocumentError: If wires form a circle, or there are more than anybody can look through.
        """
        ports = frozenset(port.name for port in definition.inputs)
        return self._of(definition.name) or [Use(scope=known_scope(definition), given=ports, unsure=frozenset())]

    def _of(self, name: str) -> list[Use]:
        if name not in self._known:
            self._known[name] = []  # a definition that holds itself has no uses in itself
            found: dict[object, Use] = {}
            for use in chain(self._as_model(name), self._inside_others(name)):
                found.setdefault((tuple(use.scope.items()), use.given, use.unsure), use)
                if len(found) > MOST:
                    raise DocumentError(f"{name} is used with more than {MOST:,} different settings. Make them fewer.")
            self._known[name] = list(found.values())
        return self._known[name]

    def _as_model(self, name: str) -> Iterator[Use]:
        if name == self._document.root:
            main = self._document.main
            optional = frozenset(port.name for port in main.inputs if port.optional)
            given = frozenset(port.name for port in main.inputs)
            yield Use(scope=known_scope(main), given=given, unsure=optional)

    def _inside_others(self, name: str) -> Iterator[Use]:
        inner = self._document.definitions[name]
        for outer, node in self._document.uses(name):
            for above in self._of(outer):
                around = survey(self._document, self._document.definitions[outer], above.scope)
                there = presence(self._document, around.definition, above.given, block_inputs)
                if node not in there.nodes:
                    continue
                given, unsure = there.wired(node), unsure_ports(around.definition, node, above)
                own = [settings for settings, _ in layer_settings(around, node).values()]
                for settings in (around.settings(node), *own):
                    yield Use(scope=inner_scope(inner, settings), given=given, unsure=unsure & given)


def unsure_ports(here: Definition, node: str, use: Use) -> frozenset[str]:
    """The ports of a node that get what may turn out to be nothing when the model is called."""
    return frozenset(
        target.port
        for target, source in here.feeds.items()
        if target.node == node and here.nodes[source.node].kind == INPUT and source.node in use.unsure
    )


@dataclass(frozen=True, kw_only=True)
class Met:
    """The core in one use.

    Args:
        settings: What its settings are worth; `None` where one has no value.
        given: Its ports that get something.
        unsure: Those that may turn out to get nothing.
        sizes: The dimensions at its ports as far as they are numbers, by port.
        scope: The values of the symbols around it.
    """

    settings: Mapping[str, Value | None]
    given: frozenset[str]
    unsure: frozenset[str]
    sizes: Mapping[str, tuple[int | None, ...]]
    scope: Mapping[str, Value]


class Core:
    """A block with ports for queries, keys and values, and all that is known about it.

    Args:
        document: The model.
        here: The definition around it.
        name: Its id.
    """

    def __init__(self, document: Document, here: Definition, name: str) -> None:
        self.here, self.name = here, name
        self.sources = {target.port: source for target, source in here.feeds.items() if target.node == name}
        self._shapes = SymbolicShapes(document, here)
        self._document = document
        self.met = [self._met(use) for use in Uses(document).of(here)]

    def written(self, setting: str) -> Value | None:
        """What the node says a setting is; `None` if it says nothing."""
        return self.here.nodes[self.name].settings.get(setting)

    def worth(self, setting: str) -> list[Value | None]:
        """What a setting is worth in each use."""
        return [met.settings.get(setting) for met in self.met]

    def is_sure(self, port: str) -> bool:
        """Whether a port gets something whenever the definition's required inputs do."""
        required = [end.name for end in self.here.inputs if not end.optional]
        there = presence(self._document, self.here, required, block_inputs)
        return PortRef(self.name, port) in there.feeds

    def size(self, port: str, axis: int) -> int | str | None:
        """A dimension at a port, by the names of symbols or as a number; `None` if neither holds in every use."""
        if port not in self.sources:
            return None
        names = self._shapes.names(self.sources[port])
        name = names[axis] if names else ""
        sizes = {self._number(met, port, axis) for met in self.met}
        if all(_evaluated(name, met.scope) == self._number(met, port, axis) for met in self.met) and None not in sizes:
            return int(name) if name.isdecimal() else name
        return sizes.pop() if len(sizes) == 1 else None

    def is_same(self, port: str, other: str, axis: int) -> bool:
        """Whether two ports have the same size along an axis, whatever that comes to."""
        names = [self._shapes.names(self.sources[end])[axis:] for end in (port, other) if end in self.sources]
        return len(names) == 2 and bool(names[0]) and names[0][:1] == names[1][:1]

    @staticmethod
    def _number(met: Met, port: str, axis: int) -> int | None:
        shape = met.sizes.get(port, ())
        return shape[axis] if shape else None

    def _met(self, use: Use) -> Met:
        around = survey(self._document, self.here, use.scope)
        found = infer(around)
        there = presence(self._document, self.here, use.given, block_inputs)
        shapes = {port: found.shapes.get(source) or () for port, source in self.sources.items()}
        return Met(
            settings=around.settings(self.name),
            given=there.wired(self.name),
            unsure=unsure_ports(self.here, self.name, use),
            sizes={port: tuple(dim.value for dim in shape) for port, shape in shapes.items()},
            scope=use.scope,
        )


def _evaluated(text: str, scope: Mapping[str, Value]) -> Value | None:
    try:
        return evaluate(text, scope)
    except ExpressionError:
        return None
