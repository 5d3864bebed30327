"""A compiled model as one flat list of steps, so that every value inside it can be looked at, changed and blamed.

The compiler makes a `torch.fx.GraphModule` for each use of a definition. Here they are unrolled into the calls of
blocks alone, each knowing the nodes it lies in. Values are numbered; one that only passes through the ends of
composites keeps its number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor, fx, nn

from builder.document import Definition, Document
from engine.blocks.spec import CATALOGUE
from engine.errors import RunError, StepwiseError

Values = dict[int, Any]
Change = Callable[["Step", tuple[Any, ...]], tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One call of a block.

    Args:
        place: Its number in the program.
        uses: (definition, node) from the root inward; the last is the block itself.
        layers: For each of `uses` the layer it is in, `None` where nothing is repeated.
        module: What is called.
        kind: The block's kind.
        sources: The value at each input port; `None` where nothing comes in.
        results: The value at each output port.
    """

    place: int
    uses: tuple[tuple[str, str], ...]
    layers: tuple[int | None, ...]
    module: nn.Module
    kind: str
    sources: Mapping[str, int | None]
    results: tuple[int, ...]

    @property
    def fed(self) -> list[int]:
        """The values that come in."""
        return [source for source in self.sources.values() if source is not None]

    @property
    def path(self) -> str:
        """The path of its parameters, `blocks.0.attn.core`."""
        names = []
        for (_, node), layer in zip(self.uses, self.layers, strict=True):
            names += [node] if layer is None else [node, str(layer)]
        return ".".join(names)

    def setting(self, name: str) -> Any:
        """A setting of the block; `None` if it has none of that name."""
        return getattr(getattr(self.module, "config", None), name, None)


class StepError(RunError):
    """A block failed while the model was run.

    Args:
        step: The call.
        error: What it raised.
    """

    def __init__(self, step: Step, error: Exception) -> None:
        self.step = step
        text = str(error) if isinstance(error, StepwiseError) else f"{type(error).__name__}: {error}"
        super().__init__(f"{step.path} fails on a small example. {text}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """The steps of a model in the order in which they are called.

    Args:
        steps: All calls.
        inputs: The value at each input of the model.
        outputs: The value at each output.
    """

    steps: tuple[Step, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]

    def run(self, inputs: Mapping[str, Tensor | None], change: Change | None = None) -> Values:
        """Call every block.

        Args:
            inputs: What comes in, by name; missing ones are not given.
            change: Gets each step and its results and returns what is to be used instead of them.

        Returns:
            Each value by its number.

        Raises:
            StepError: If a block fails.
        """
        values: Values = {number: inputs.get(name) for name, number in self.inputs.items()}
        for step in self.steps:
            args = [None if source is None else values[source] for source in step.sources.values()]
            while args and args[-1] is None:
                args.pop()
            try:
                result = step.module(*args)
            except Exception as error:
                raise StepError(step, error) from error
            results = result if isinstance(result, tuple) else (result,)
            if change is not None:
                results = change(step, results)
            values.update(zip(step.results, results, strict=True))
        return values

    @cached_property
    def makers(self) -> Mapping[int, Step]:
        """The step that makes each value; inputs of the model have none."""
        return {result: step for step in self.steps for result in step.results}

    @cached_property
    def takers(self) -> Mapping[int, list[Step]]:
        """The steps that take each value."""
        found: dict[int, list[Step]] = {}
        for step in self.steps:
            for source in dict.fromkeys(step.fed):
                found.setdefault(source, []).append(step)
        return found

    def before(self, values: set[int]) -> set[int]:
        """All values that `values` come from, themselves included."""
        seen = set(values)
        for step in reversed(self.steps):
            if seen & set(step.results):
                seen |= set(step.fed)
        return seen

    def after(self, values: set[int]) -> set[int]:
        """All values that `values` lead to, themselves included."""
        seen = set(values)
        for step in self.steps:
            if seen & set(step.fed):
                seen |= set(step.results)
        return seen


def unroll(document: Document, model: nn.Module) -> Program:
    """The program of a compiled document.

    Args:
        document: The model.
        model: What `compile_document` made of it.
    """
    assert isinstance(model, fx.GraphModule)
    made = _Unrolling(document)
    names = [str(node.target) for node in model.graph.nodes if node.op == "placeholder"]
    numbers = [made.number() for _ in names]
    result = made.walk(model, document.main, tuple(numbers), (), ())
    outputs = result if isinstance(result, dict) else {document.main.outputs[0].name: result}
    return Program(steps=tuple(made.steps), inputs=dict(zip(names, numbers, strict=True)), outputs=outputs)


Uses = tuple[tuple[str, str], ...]
Layers = tuple[int | None, ...]


@dataclass
class _Unrolling:
    """State: `steps` and `last` grow."""

    document: Document
    steps: list[Step] = field(default_factory=list)
    last: int = -1

    def number(self) -> int:
        """A new value."""
        self.last += 1
        return self.last

    def walk(self, module: fx.GraphModule, here: Definition, args: tuple[Any, ...], uses: Uses, layers: Layers) -> Any:
        """One use of a definition; returns the values that come out."""

        def call(target: str, given: tuple[Any, ...]) -> Any:
            node = here.nodes[target]
            inner, child = self.document.definitions.get(node.kind), module.get_submodule(target)
            further = (*uses, (here.name, target))
            if inner is None:
                return self.block(node.kind, child, given, further, (*layers, None))
            assert isinstance(child, fx.GraphModule)
            if node.repeat is None:
                return self.walk(child, inner, given, further, (*layers, None))
            return self.stack(child, inner, given, further, layers)

        return _follow(module.graph, args, call)

    def stack(
        self, module: fx.GraphModule, inner: Definition, args: tuple[Any, ...], uses: Uses, layers: Layers
    ) -> Any:
        """The layers of a repeated use."""

        def call(target: str, given: tuple[Any, ...]) -> Any:
            layer = module.get_submodule(target)
            assert isinstance(layer, fx.GraphModule)
            return self.walk(layer, inner, given, uses, (*layers, int(target)))

        return _follow(module.graph, args, call)

    def block(self, kind: str, module: nn.Module, args: tuple[Any, ...], uses: Uses, layers: Layers) -> Any:
        """A call of a block."""
        spec = CATALOGUE[kind]
        ports = [port.name for port in spec.inputs]
        given = (*args, *[None] * (len(ports) - len(args)))
        results = tuple(self.number() for port in spec.outputs if not port.watch)
        self.steps.append(
            Step(
                place=len(self.steps), uses=uses, layers=layers, module=module, kind=kind,
                sources=dict(zip(ports, given, strict=True)), results=results,
            )
        )  # fmt: skip
        return results[0] if len(results) == 1 else results


def _follow(graph: fx.Graph, args: tuple[Any, ...], call: Callable[[str, tuple[Any, ...]], Any]) -> Any:
    """Go through a graph with numbers instead of tensors."""
    known: dict[fx.Node, Any] = {}
    waiting = iter((*args, *[None] * 1_000))
    for node in graph.nodes:
        given = fx.map_arg(node.args, lambda n: known[n])
        if node.op == "placeholder":
            known[node] = next(waiting)
        elif node.op == "call_module":
            known[node] = call(str(node.target), given)
        elif node.op == "call_function":
            assert node.target is operator.getitem, node.target
            known[node] = given[0][given[1]]
        elif node.op == "output":
            return given[0]
    raise AssertionError("the graph has no output")
