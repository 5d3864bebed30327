"""How many parameters and other numbers a model holds, without building it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import prod

from builder import limits
from builder.catalogue import block_inputs
from builder.document import Definition, Document, PortRef
from builder.held import Numbers, held, total
from builder.memo import Memo
from builder.paths import Step, steps
from builder.presence import presence
from builder.surroundings import Surroundings, inner_scope, layer_settings, survey
from builder.values import known_scope, layers_of
from engine.blocks.spec import CATALOGUE
from engine.errors import DocumentError, ExpressionError
from engine.registry import did_you_mean
from engine.settings import Value

Known = dict[tuple[object, ...], Numbers]


_WHOLE: Memo[Numbers] = Memo(256)


def parameters_of(document: Document, path: Sequence[str] = ()) -> int:
    """The number of parameters of a node in all its layers, tied ones counted where they stay.

    Args:
        document: The model.
        path: Ids of nodes from the root inward; empty is the whole model.

    Returns:
        Their number. Parts that are missing or have no sizes count nothing, and neither do those that hang on
        an optional input without a wire.
    """
    return numbers_of(document, path).parameters


def numbers_of(document: Document, path: Sequence[str] = ()) -> Numbers:
    """All numbers that a node holds in all its layers, counted as `parameters_of` does."""
    return _WHOLE.get((document,), tuple(path), lambda: _numbers(document, tuple(path)))


def too_large(document: Document) -> tuple[str, str]:
    """Why a model is not built, and the node of the root to blame; both empty if it may be."""
    found = numbers_of(document)
    reason = limits.too_large(found.parameters, found.tables)
    if not reason:
        return "", ""
    path = _largest(document)
    most = limits.in_billions(numbers_of(document, path).all)
    return f"{reason} The largest part, {most} billion, is in {'.'.join(path)}.", path[0]


def _largest(document: Document) -> tuple[str, ...]:
    """The path to what holds most of a model's numbers, from the root inward as long as one node has over half."""
    path, definition = tuple[str, ...](), document.definitions.get(document.root)
    while definition is not None and len(path) <= limits.MAX_DEPTH:
        counts = {name: numbers_of(document, (*path, name)).all for name in definition.nodes}
        name = max(counts, key=lambda name: counts[name])
        if path and 2 * counts[name] <= numbers_of(document).all:
            break
        path, definition = (*path, name), document.definitions.get(definition.nodes[name].kind)
    return path


def _numbers(document: Document, path: tuple[str, ...]) -> Numbers:
    here, layers = Use(document, survey(document, document.main, known_scope(document.main)), None), 1
    for name in path[:-1]:
        inner = document.definitions.get(here.around.definition.nodes[name].kind)
        if inner is None or name not in here.there:
            return Numbers()
        layers *= _layers(here.around, name)
        here = here.inside(name, inner, here.around.settings(name))
    known: Known = {}
    found = (_node(here, path[-1], known) if path else _count_use(here, known)) * layers
    return Numbers(found.parameters - _tied(document, path), found.tables)


def parameters_inside(document: Document, most: int = 2_000) -> dict[tuple[str, ...], int]:
    """The number of parameters of every node, by its path from the root inward, nodes further out first.

    Args:
        document: The model.
        most: How many nodes to count; those deepest inside are left out.
    """
    return {path: count - _tied(document, path) for path, count in islice(_counts(document), most)}


def _counts(document: Document) -> Iterator[tuple[tuple[str, ...], int]]:
    """The parameters of every node with those that are tied."""
    root = Use(document, survey(document, document.main, known_scope(document.main)), None)
    waiting: list[tuple[tuple[str, ...], Use, int, tuple[str, ...]]] = [((), root, 1, ())]
    known: Known = {}
    for path, use, layers, above in waiting:
        around = use.around
        for name, node in around.definition.nodes.items():
            yield (*path, name), layers * _node(use, name, known).parameters
            inner = document.definitions.get(node.kind)
            if inner is not None and name in use.there and inner.name not in above:
                inside = use.inside(name, inner, around.settings(name))
                waiting.append(((*path, name), inside, layers * _layers(around, name), (*above, inner.name)))


@dataclass(frozen=True)
class Use:
    """One use of a definition.

    Args:
        document: The model.
        around: The definition, with its settings.
        given: Its inputs that get something; `None` for all.
    """

    document: Document
    around: Surroundings
    given: frozenset[str] | None

    @cached_property
    def there(self) -> Collection[str]:
        """Nodes that are there, as `builder.presence` explains."""
        return self._wired[0]

    @cached_property
    def _wired(self) -> tuple[Collection[str], Mapping[PortRef, PortRef]]:
        composites = any(kind is not None and kind.composite for kind in self.around.signatures.values())
        everything = self.around.definition.nodes, self.around.feeds
        if self.given is None and not composites:
            return everything
        try:
            found = presence(self.document, self.around.definition, self.given, block_inputs)
        except DocumentError:  # a circle, which is reported elsewhere
            return everything
        return found.nodes, found.feeds

    def inside(self, name: str, inner: Definition, settings: Mapping[str, Value | None]) -> Use:
        """The use of `inner` that node `name` is."""
        wired = {target.port for target in self._wired[1] if target.node == name}
        given = frozenset(wired | {port.name for port in inner.inputs if not port.optional})
        return Use(self.document, survey(self.document, inner, inner_scope(inner, settings)), given)


def _count_use(use: Use, known: Known) -> Numbers:
    key = (use.around.definition.name, use.given, *use.around.scope.items())
    if key not in known and len(known) <= limits.MAX_USES:  # a model with more is not built
        known[key] = Numbers()  # a composite that holds itself counts nothing more
        known[key] = total([_node(use, name, known) for name in use.there])
    return known.get(key, Numbers())


def _node(use: Use, name: str, known: Known) -> Numbers:
    """What a node holds in all its layers."""
    around = use.around
    node = around.definition.nodes[name]
    inner = use.document.definitions.get(node.kind)
    if inner is None or name not in use.there:
        there = name in use.there and node.kind in CATALOGUE
        return held(node.kind, around.worth[name]).numbers if there else Numbers()
    layers = _layers(around, name)
    special = {} if node.shared else layer_settings(around, name)
    own = [settings for index, (settings, _) in special.items() if index < layers]
    different = [around.settings(name)] * min(1, layers - len(own)) + own
    counts = [_count_use(use.inside(name, inner, settings), known) for settings in different]
    return total([*counts, counts[0] * (layers - len(counts))])


def _tied(document: Document, path: Sequence[str]) -> int:
    """The size of the parameters below `path` that are stored somewhere else."""
    return sum(prod(_tie_shape(document, first, path)) for first, _ in document.ties)


def _tie_shape(document: Document, first: str, path: Sequence[str]) -> tuple[int, ...]:
    try:
        through = [step.node for step in steps(document, first)]
        shape = parameter_shape(document, first)
    except DocumentError:
        return (0,)
    return shape if shape is not None and through[: len(path)] == list(path) else (0,)


def _layers(around: Surroundings, name: str) -> int:
    """How many sets of weights a node has."""
    node = around.definition.nodes[name]
    return 1 if node.shared else layers_at(around, name)


def layers_at(around: Surroundings, name: str) -> int:
    """How many layers a node has; one where that has no value."""
    try:
        return layers_of(around.definition.nodes[name], around.scope)
    except ExpressionError:
        return 1


def parameter_shape(document: Document, path: str) -> tuple[int, ...] | None:
    """The shape of a parameter, such as that of `blocks.0.attn.q_proj.weight`.

    Returns:
        Its shape; `None` if its block is missing or has settings without a value.

    Raises:
        DocumentError: If there is no such parameter; the message has the closest name.
    """
    around, parts = survey(document, document.main, known_scope(document.main)), path.split(".")
    through = steps(document, path)
    for step in through[:-1]:
        inner = document.definitions[around.definition.nodes[step.node].kind]
        settings = _at_layer(around, step, parts, path)
        around = survey(document, inner, inner_scope(inner, settings))
    last = through[-1]
    kind, worth = around.definition.nodes[last.node].kind, around.worth[last.node]
    if kind not in CATALOGUE or any(value is None for _, value in worth):
        return None
    shapes, name = held(kind, worth).shapes, ".".join(parts[last.place + 1 :])
    if name not in shapes:
        raise DocumentError(f"{path!r}: {last.node} has no parameter {name!r}. {did_you_mean(name, shapes)}")
    return shapes[name]


def _at_layer(around: Surroundings, step: Step, parts: list[str], path: str) -> Mapping[str, Value | None]:
    """The settings of a composite at the layer that a path leads through."""
    if not step.layered:
        return around.settings(step.node)
    index, layers = int(parts[step.place + 1]), layers_at(around, step.node)
    if index >= layers:
        raise DocumentError(f"{path!r}: {step.node} has {layers} layers, and the first is 0.")
    own = layer_settings(around, step.node).get(index)
    return own[0] if own else around.settings(step.node)
