"""How many parameters a model has, without building it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

import torch

from builder.document import Definition, Document
from builder.expressions import evaluate
from builder.memo import Memo
from builder.paths import Step, steps
from builder.surroundings import Surroundings, Worth, inner_scope, layer_settings, survey
from builder.values import known_scope
from engine.blocks.spec import CATALOGUE
from engine.errors import DocumentError, ExpressionError
from engine.registry import did_you_mean
from engine.settings import Value

Scope = Mapping[str, Value]
Known = dict[tuple[object, ...], int]


@lru_cache(maxsize=4_096)
def block_parameters(kind: str, worth: Worth) -> Mapping[str, tuple[int, ...]]:
    """The shape of each parameter of a block, found on the meta device, which holds no numbers.

    Args:
        kind: A block of the catalogue.
        worth: Its settings by name; if one has no value, there are no parameters.
    """
    if any(value is None for _, value in worth):
        return {}
    with torch.device("meta"):
        module = CATALOGUE[kind].make({name: value for name, value in worth if value is not None})
    return {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}


def parameters_of(document: Document, path: Sequence[str] = ()) -> int:
    """The number of parameters of a node in all its layers, tied ones counted where they stay.

    Args:
        document: The model.
        path: Ids of nodes from the root inward; empty is the whole model.

    Returns:
        Their number; parts that are missing or have no sizes count nothing.
    """
    around, layers = survey(document, document.main, known_scope(document.main)), 1
    for name in path[:-1]:
        inner = document.definitions.get(around.definition.nodes[name].kind)
        if inner is None:
            return 0
        layers *= _layers(around, name)
        around = survey(document, inner, inner_scope(inner, around.settings(name)))
    known: Known = {}
    whole = _node(document, around, path[-1], known) if path else _definition(document, around, known)
    return layers * whole - _tied(document, path)


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


_OWN: Memo[int] = Memo(1_024)


def _definition(document: Document, around: Surroundings, known: Known) -> int:
    """The parameters of one use of a definition."""
    key = (around.definition.name, *around.scope.items())
    if key not in known:
        known[key] = 0  # a composite that holds itself counts nothing more
        parts = [name for name, kind in around.signatures.items() if kind is not None and kind.composite]
        own = _OWN.get((around,), None, lambda: _blocks(around))
        known[key] = own + sum(_node(document, around, name, known) for name in parts)
    return known[key]


def _blocks(around: Surroundings) -> int:
    nodes = around.definition.nodes.items()
    return sum(_count(node.kind, around.worth[name]) for name, node in nodes if node.kind in CATALOGUE)


def _count(kind: str, worth: Worth) -> int:
    return sum(prod(shape) for shape in block_parameters(kind, worth).values())


def _node(document: Document, around: Surroundings, name: str, known: Known) -> int:
    """The parameters of a node in all its layers."""
    node = around.definition.nodes[name]
    inner = document.definitions.get(node.kind)
    if inner is None:
        return _count(node.kind, around.worth[name]) if node.kind in CATALOGUE else 0
    layers = _layers(around, name)
    special = {} if node.shared else layer_settings(around, name)
    own = [settings for index, (settings, _) in special.items() if index < layers]
    uses = [around.settings(name)] * min(1, layers - len(own)) + own
    counts = [_use(document, inner, settings, known) for settings in uses]
    return sum(counts) + counts[0] * (layers - len(counts))


def _use(document: Document, inner: Definition, settings: Mapping[str, Value | None], known: Known) -> int:
    return _definition(document, survey(document, inner, inner_scope(inner, settings)), known)


def _layers(around: Surroundings, name: str) -> int:
    """How many sets of weights a node has."""
    node = around.definition.nodes[name]
    return 1 if node.repeat is None or node.shared else max(1, _repeats(around, name))


def _repeats(around: Surroundings, name: str) -> int:
    try:
        layers = evaluate(str(around.definition.nodes[name].repeat), around.scope)
    except ExpressionError:
        return 1
    return layers if isinstance(layers, int) else 1


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
    shapes, name = block_parameters(kind, worth), ".".join(parts[last.place + 1 :])
    if name not in shapes:
        raise DocumentError(f"{path!r}: {last.node} has no parameter {name!r}. {did_you_mean(name, shapes)}")
    return shapes[name]


def _at_layer(around: Surroundings, step: Step, parts: list[str], path: str) -> Mapping[str, Value | None]:
    """The settings of a composite at the layer that a path leads through."""
    if not step.layered:
        return around.settings(step.node)
    index, layers = int(parts[step.place + 1]), _repeats(around, step.node)
    if index >= layers:
        raise DocumentError(f"{path!r}: {step.node} has {layers} layers, and the first is 0.")
    own = layer_settings(around, step.node).get(index)
    return own[0] if own else around.settings(step.node)
