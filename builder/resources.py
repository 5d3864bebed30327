"""What a model needs, known before it is built: parameters, memory, computing, and the time of a step.

Nothing is allocated. The compiler's recipes are followed with tensors that hold no numbers, each different layer
once; so it takes as long for 96 layers as for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import torch

from builder.blank import blank
from builder.compile import recipe_of
from builder.costs import Shaped, Work
from builder.document import Document
from builder.expressions import evaluate
from builder.levels import scope_of
from builder.memo import Memo
from builder.paths import steps
from builder.recipes import Layers, Leaf, Part, Recipe
from builder.sizes import parameters_of
from builder.tally import Share, Surveyor, Use
from builder.ties import parameter_at
from engine.blocks.spec import BlockConfig
from engine.errors import CompileError, ExpressionError
from engine.machine import Speed
from engine.ports import Port
from engine.settings import Value

NUMBER = 4  # bytes of a parameter or a gradient
MOMENTS = 2  # numbers that Adam keeps for each parameter
TYPES = {"int": torch.int64, "bool": torch.bool}


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a model, or a part of it, needs for inputs of one size.

    Args:
        parameters: All of them; tied ones once.
        trainable: Those that training changes.
        forward: Work of one forward for the whole batch.
        backward: Work of the backward after it.
        activations: Bytes that training keeps from forward to backward, for the whole batch.
        working: Bytes at the largest moment of a forward without gradients, for the whole batch.
        cache: Bytes that generation keeps for each token of a text.
        outputs: Bytes that come out, for the whole batch.
        examples: How many sequences or images there are in a batch.
        tokens: How many tokens there are in a batch; 0 if the model reads none.
    """

    parameters: int
    trainable: int
    forward: Work
    backward: Work
    activations: int
    working: int
    cache: int
    outputs: int
    examples: int
    tokens: int

    @property
    def unit(self) -> str:
        """What work is told for: `token`, or `image` where there are no tokens."""
        return "token" if self.tokens else "image"

    @property
    def flops(self) -> float:
        """Floating-point operations of matrix products in a forward, for each token or image."""
        return self.forward.flops / (self.tokens or self.examples)

    @property
    def train_flops(self) -> float:
        """The same for a forward and its backward."""
        return (self.forward.flops + self.backward.flops) / (self.tokens or self.examples)

    @property
    def training_memory(self) -> int:
        """Bytes for training with Adam: parameters, gradients, moments, activations and the loss."""
        return NUMBER * (self.parameters + (1 + MOMENTS) * self.trainable) + self.activations + 2 * self.outputs

    @property
    def inference_memory(self) -> int:
        """Bytes for a forward without gradients."""
        return NUMBER * self.parameters + self.working

    def seconds(self, speed: Speed) -> float:
        """How long a training step of the whole batch takes about, on a machine of this speed."""
        adam = Work(bytes=7 * NUMBER * self.trainable)
        loss = Work(bytes=6 * self.outputs, calls=20)
        work = self.forward + self.backward + adam + loss
        return work.flops / speed.flops + work.bytes / speed.bandwidth + work.calls * speed.call


_SURVEYS: Memo[tuple[Use, Recipe]] = Memo(16)


def resources(document: Document, batch: int = 1, length: int | None = None, path: Sequence[str] = ()) -> Resources:
    """What a model or a node in all its layers needs.

    Args:
        document: The model.
        batch: Sequences or images at once.
        length: Tokens of each sequence; `max_len`, or 128 where there is no such symbol.
        path: Ids of nodes from the root inward; empty is the whole model.

    Raises:
        CompileError: If the model cannot be compiled, or a block cannot take what it gets.
    """
    scope = scope_of(document.main)
    longest = scope.get("max_len")
    known = length or (longest if isinstance(longest, int) else 128)
    whole, recipe = _SURVEYS.get((document,), (batch, known), lambda: _survey(document, batch, known, scope))
    shares = _at(whole, path)
    parameters = parameters_of(document, path)
    frozen = sum(_frozen(part) for part in _parts(recipe, path)) + _frozen_by_ties(document, path)
    reads = any(port.kind == "ids" for port in document.main.inputs)
    forward, backward = Work(), Work()
    for share in shares:
        forward += share.use.cost.forward * share.times
        backward += share.use.cost.backward * share.times
    return Resources(
        parameters=parameters,
        trainable=parameters - frozen,
        forward=forward,
        backward=backward,
        activations=sum(share.kept for share in shares),
        working=max((share.use.cost.peak for share in shares), default=0),
        cache=sum(share.use.cost.cache * share.times for share in shares) // batch,
        outputs=sum(output.of.bytes for output in whole.cost.outputs),
        examples=batch,
        tokens=batch * known if reads else 0,
    )


def _survey(document: Document, batch: int, length: int, scope: Mapping[str, Value]) -> tuple[Use, Recipe]:
    recipe = recipe_of(document)
    ports = {port.name: port for port in document.main.inputs}
    names = [str(node.target) for node in recipe.kind._common.nodes if node.op == "placeholder"]
    inputs = [None if ports[name].optional else _given(ports[name], batch, length, scope) for name in names]
    try:
        return Surveyor().use(recipe, inputs), recipe
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise CompileError(f"{document.main.name}: what it costs cannot be found out: {error}") from error


def _given(port: Port, batch: int, length: int, scope: Mapping[str, Value]) -> Shaped:
    """What comes in at an input of the model."""
    text = port.shape.replace("...", "B T")
    sizes = [_size(word, batch, length, scope) for word in text.split()]
    return Shaped(tuple(sizes), TYPES.get(port.dtype, torch.float32))


def _size(word: str, batch: int, length: int, scope: Mapping[str, Value]) -> int:
    """A dimension: B is the batch, other capital letters are lengths."""
    if word.isupper():
        return batch if word == "B" else length
    try:
        value = evaluate(word, scope)
    except ExpressionError:
        return length
    return value if isinstance(value, int) else length


def _at(whole: Use, path: Sequence[str]) -> list[Share]:
    """The shares of a node in all its layers."""
    kept = whole.cost.kept + sum(whole.cost.outputs[i].of.bytes for i in whole.cost.kept_outputs)
    shares = [Share(whole, 1, kept)]
    for name in path:
        shares = [_within(outer, inner) for outer in shares for inner in _below(outer.use, name)]
    return shares


def _below(use: Use, name: str) -> list[Share]:
    layers = use.parts.get("")
    if layers is None:
        return list(use.parts.get(name, ()))
    return [_within(layer, inner) for layer in layers for inner in layer.use.parts.get(name, ())]


def _within(outer: Share, inner: Share) -> Share:
    return Share(inner.use, outer.times * inner.times, outer.times * inner.kept)


def _parts(part: Part, path: Sequence[str]) -> list[Part]:
    """The node at a path, once for each set of weights."""
    if isinstance(part, Layers):
        layers = part.layers[:1] if part.shared else part.layers
        return [found for layer in layers for found in _parts(layer, path)]
    if not path:
        return [part]
    inner = part.parts.get(path[0]) if isinstance(part, Recipe) else None
    return [] if inner is None else _parts(inner, path[1:])


def _frozen(part: Part) -> int:
    """Parameters that training leaves as they are."""
    if isinstance(part, Leaf):
        return _frozen_of(part.spec.kind, part.config)
    parts: Sequence[Part] = tuple(part.parts.values()) if isinstance(part, Recipe) else part.layers
    return sum(_frozen(inner) for inner in (parts[:1] if isinstance(part, Layers) and part.shared else parts))


@lru_cache(maxsize=4_096)
def _frozen_of(kind: str, config: BlockConfig) -> int:
    return sum(prod(p.shape) for p in blank(kind, config).parameters() if not p.requires_grad)


def _frozen_by_ties(document: Document, path: Sequence[str]) -> int:
    """What ties add to the frozen parameters below `path`: one counts where it stays, and is frozen if one end is."""
    frozen, count = dict[str, int](), 0
    for first, second in document.ties:
        try:
            one, other = parameter_at(document, first), parameter_at(document, second)
        except CompileError:  # which a rule tells
            continue
        if one.requires_grad:
            continue
        count -= one.numel() if _is_below(document, first, path) else 0
        if other.requires_grad and _is_below(document, second, path):
            frozen[second] = other.numel()
    return count + sum(frozen.values())


def _is_below(document: Document, parameter: str, path: Sequence[str]) -> bool:
    return [step.node for step in steps(document, parameter)][: len(path)] == list(path)
