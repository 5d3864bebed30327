"""A compiled model as one list of operations, which are run on new positions only.

The model's graphs are laid out flat. What does not depend on the growing text, such as a whole encoder and the keys
and values made of its result, is computed once. Of the rest, blocks with a method `cached` remember what they need
of earlier positions; all others must treat every position by itself, which is tried with the first text they get.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.blocks.memory import Memory, NoCacheError
from engine.generation.steps import Place, Step, last_rows

Structure = Any  # a `Place`, or a tuple or dict of such, or a constant


class Plan:
    """Runs a model on new positions. State: `past`, and what was computed.

    Args:
        model: Compiled from a document.
        name: The input that grows.
        fixed: The other inputs.

    Raises:
        NoCacheError: If the model's result does not depend on the growing input.
    """

    def __init__(self, model: fx.GraphModule, name: str, fixed: Mapping[str, Tensor]) -> None:
        self.past = 0
        self._batch = 0
        self._layout = layout = _Layout()
        self._growing = layout.put(None, grows=True)
        inputs = {key: layout.put(value, grows=False) for key, value in fixed.items()}
        output = layout.lay(model, {**inputs, name: self._growing})
        self._logits = output["logits"] if isinstance(output, dict) else output
        if not (isinstance(self._logits, Place) and self._logits.grows):
            raise NoCacheError("The logits do not depend on the text.")
        steps = layout.steps
        border = 1 + max((i for i, step in enumerate(steps) if step.memory is not None), default=-1)
        self._body, self._tail = steps[:border], steps[border:]
        self._memories = [step.memory for step in steps if step.memory is not None]

    @torch.inference_mode()
    def __call__(self, fresh: Tensor) -> Tensor:
        """Logits of the last new position, (B, 1, V), for the ids of the new ones, (B, T).

        Raises:
            NoCacheError: If a block needs all positions at once; the plan is of no use then.
        """
        values, first = self._layout.values, not self.past
        if first:
            self._batch = fresh.shape[0]
            _run(self._layout.once, values)
        values[self._growing.index] = fresh
        run = _try if first else _run
        run(self._body, values)
        if fresh.shape[1] > 1:
            self._narrow(2 if first else 1)
        run(self._tail, values)
        self.past += fresh.shape[1]
        for memory in self._memories:
            memory.past = self.past
        logits: Tensor = values[self._logits.index]
        return logits[:, -1:]

    @property
    def is_unsure(self) -> bool:
        """Whether a block could not tell that new positions leave earlier ones as they are."""
        return any(memory.unsure for memory in self._memories)

    def _narrow(self, rows: int) -> None:
        """From here on every position is for itself: leave the last ones of what is still to be read."""
        values, made = self._layout.values, {step.into for step in self._tail}
        read = {i for step in self._tail for i, grows in zip(step.places, step.grows, strict=True) if grows}
        for index in (read | {self._logits.index}) - made:
            values[index] = last_rows(values[index], rows)

    def reorder(self, rows: Tensor) -> None:
        """Go on with these rows of the batch."""
        for memory in self._memories:
            memory.reorder(rows, self._batch)
        if len(rows) != self._batch:  # else they are other texts for the same fixed inputs, in the same places
            fixed = {i for step in self._layout.steps for i in step.places} & self._layout.fixed
            for index in fixed:
                value = self._layout.values[index]
                if isinstance(value, Tensor) and value.dim() and value.shape[0] == self._batch:
                    self._layout.values[index] = value.index_select(0, rows)
        self._batch = len(rows)


def flow_of(module: fx.GraphModule) -> fx.Graph:
    """The graph that a call of a module runs: what it says itself, if it has several, else its only one."""
    flow: Any = getattr(module, "_flow", None)
    return module.graph if flow is None else flow()


def _run(steps: Sequence[Step], values: list[Any]) -> None:
    for step in steps:
        values[step.into] = step.run(*[values[i] for i in step.places])


def _try(steps: Sequence[Step], values: list[Any]) -> None:
    for step in steps:
        values[step.into] = step.tried([values[i] for i in step.places])


class _Layout:
    """The graphs of a model, laid out flat. State: grows while it is made; then its `values` change.

    `once` and `steps` are in the order to run them; `fixed` are the places of values that do not grow.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.once: list[Step] = []
        self.steps: list[Step] = []
        self.fixed: set[int] = set()
        self._tried: set[object] = set()

    def put(self, value: object, *, grows: bool) -> Place:
        """A place for a value."""
        self.values.append(value)
        place = Place(len(self.values) - 1, grows)
        if not grows:
            self.fixed.add(place.index)
        return place

    def lay(self, module: fx.GraphModule, given: Mapping[str, Structure]) -> Structure:
        """Lay out a graph, and the graphs it calls; gives where its result is."""
        known: dict[fx.Node, Structure] = {}
        for node in flow_of(module).nodes:
            if node.op == "placeholder":
                known[node] = given.get(node.target, node.args[0] if node.args else None)
            elif node.op == "output":
                return fx.node.map_arg(node.args[0], known.__getitem__)
            elif node.op == "get_attr":
                known[node] = getattr(module, node.target)
            elif node.op in ("call_module", "call_function") and not node.kwargs:
                args = fx.node.map_arg(node.args, known.__getitem__)
                target = module.get_submodule(node.target) if node.op == "call_module" else node.target
                known[node] = self._call(target, args)
            else:
                raise NoCacheError(f"{node} is no call that could be taken apart.")
        raise AssertionError("A graph without an output.")

    def _call(self, target: Any, args: tuple[Structure, ...]) -> Structure:
        if isinstance(target, fx.GraphModule):
            names = [node.target for node in flow_of(target).nodes if node.op == "placeholder"]
            return self.lay(target, dict(zip(names, args, strict=False)))
        if target is operator.getitem and not isinstance(args[0], Place):
            return args[0][args[1]]
        places = [arg if isinstance(arg, Place) else self.put(arg, grows=False) for arg in args]
        return self._add(target, places)

    def _add(self, target: Any, places: Sequence[Place]) -> Place:
        """A leaf: a block or a function."""
        grows = tuple(place.grows for place in places)
        into = self.put(None, grows=any(grows))
        run = target.forward if isinstance(target, nn.Module) else target
        memory = None
        if into.grows and hasattr(target, "cached"):
            memory = Memory(grows)
            run = partial(target.cached, memory)
        unsure = into.grows and memory is None and self._is_new(target)
        step = Step(run, tuple(place.index for place in places), grows, into.index, memory, unsure)
        (self.steps if into.grows else self.once).append(step)
        return into

    def _is_new(self, target: Any) -> bool:
        """Whether no block of the same kind and settings is tried already."""
        if target is operator.getitem:
            return False
        key = (type(target), getattr(target, "config", id(target)))
        is_new = key not in self._tried
        self._tried.add(key)
        return is_new
