"""A repeated composite as a module: its layers called in a row."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from torch import fx, nn

from engine.ports import Port


def stack(
    layers: Sequence[fx.GraphModule],
    *,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    carry: tuple[str, str],
    path: str,
) -> fx.GraphModule:
    """Make a module that calls `layers` one after another.

    Args:
        layers: All with the same inputs and outputs; one may stand in several places.
        inputs: What each takes, in order; these are the inputs of the stack too.
        outputs: What each gives, in order; the stack gives those of the last layer.
        carry: Input that gets the output of the layer before it; all other inputs go to every layer.
        path: Where the stack is.

    Returns:
        A module with the layers as `0`, `1` …
    """
    owner, graph = nn.Module(), fx.Graph()
    values = {port.name: _entered(graph, port, path) for port in inputs}
    results: list[fx.Node] = []
    for index, layer in enumerate(layers):
        owner.add_module(str(index), layer)
        call = graph.call_module(str(index), tuple(values.values()))
        call.meta["path"] = f"{path}.{index}"
        results = spread(graph, call, len(outputs))
        names = [port.name for port in outputs]
        values[carry[0]] = results[names.index(carry[1])]
    end = graph.output(results[0] if len(results) == 1 else tuple(results))
    end.meta.update(path=path, ports=tuple(port.name for port in outputs))
    return fx.GraphModule(owner, graph, f"{type(layers[0]).__name__}Stack")


def _entered(graph: fx.Graph, port: Port, path: str) -> fx.Node:
    node = enter(graph, port)
    node.meta["path"] = path
    return node


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
