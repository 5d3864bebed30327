"""A repeated composite as a module: its layers called in a row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import fx

from builder.drawn import Drawn
from engine.ports import Port


class Stack(Drawn):
    """Calls its layers one after another. Its graph is made when somebody looks at it: most are never looked at."""

    _taken: ClassVar[tuple[Port, ...]]
    _carry: ClassVar[tuple[str, str]]

    def _own_graph(self) -> fx.Graph:
        graph = _graph(len(self._modules), self._taken, self._ports, self._carry)
        for node in graph.nodes:
            node.meta["path"] = ".".join(filter(None, (self._path, node.meta["path"])))
        graph.owning_module = self
        return graph

    def _flow(self) -> fx.Graph:
        return self.graph

    @property
    def code(self) -> str:
        """The source that does the same as this module."""
        return str(self.graph.python_code(root_module="self").src)


def stack_class(name: str, *, inputs: Sequence[Port], outputs: Sequence[Port], carry: tuple[str, str]) -> type[Stack]:
    """A class of modules that call their layers one after another.

    Args:
        name: What the class is called.
        inputs: What each layer takes, in order; these are the inputs of the stack too.
        outputs: What each gives, in order; the stack gives those of the last layer.
        carry: Input that gets the output of the layer before it; all other inputs go to every layer.
    """
    into = [port.name for port in inputs].index(carry[0])
    out = [port.name for port in outputs].index(carry[1]) if len(outputs) > 1 else None
    facts = {
        "_taken": tuple(inputs), "_ports": tuple(port.name for port in outputs), "_carry": carry,
        "forward": _row(len(inputs), into, out), "__module__": __name__,
    }  # fmt: skip
    return type(name, (Stack,), facts)


def _row(width: int, into: int, out: int | None) -> Callable[..., Any]:
    def forward(self: Stack, *given: Any) -> Any:
        values, result = [*given, *[None] * (width - len(given))], None
        for layer in self._modules.values():
            result = layer(*values)  # type: ignore[misc]
            values[into] = result if out is None else result[out]
        return result

    return forward


def _graph(count: int, inputs: Sequence[Port], outputs: Sequence[str], carry: tuple[str, str]) -> fx.Graph:
    """The calls of a stack as a graph; paths in it are those within the stack."""
    graph = fx.Graph()
    values = {port.name: enter(graph, port) for port in inputs}
    for value in values.values():
        value.meta["path"] = ""
    results: list[fx.Node] = []
    for index in range(count):
        call = graph.call_module(str(index), tuple(values.values()))
        call.meta["path"] = str(index)
        results = spread(graph, call, len(outputs))
        for result in results:
            result.meta["path"] = str(index)
        values[carry[0]] = results[outputs.index(carry[1])]
    end = graph.output(results[0] if len(results) == 1 else tuple(results))
    end.meta.update(path="", ports=tuple(outputs))
    return graph


def enter(graph: fx.Graph, port: Port) -> fx.Node:
    """Add an argument to the graph's function; that of an optional port may be left out."""
    if port.optional:
        return graph.placeholder(port.name, default_value=None)
    return graph.placeholder(port.name)


def spread(graph: fx.Graph, call: fx.Node, count: int) -> list[fx.Node]:
    """The single values of a call, which gives several as a tuple."""
    if count == 1:
        return [call]
    return [graph.call_function(operator.getitem, (call, index)) for index in range(count)]
