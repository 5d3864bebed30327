"""Where a model that is drawn from primitives attends: the softmax over keys between two products.

The model is read as its graphs say, and not run. Composites are looked through, so that the products and the softmax
may be in different ones.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import fx, nn

from engine.blocks.masks import Mask
from engine.blocks.norm import Dropout
from engine.blocks.pointwise import Add, Multiply
from engine.blocks.primitives import Matmul, Scale, Softmax
from engine.blocks.shaping import Concat, Slice
from engine.blocks.wiring import Either

KEYS = -1  # the dimension that weights are shared out over
STEPS = (Scale, Mask, Add, Multiply, Dropout, Either, Softmax, Concat, Slice)  # between the two products


def weight_ports(model: nn.Module) -> tuple[str, ...]:
    """Ports whose values are weights of attention when the model is evaluated, `blocks.0.attn.softmax.y`.

    Weights are what meets the values: what the softmax over keys gives or, where blocks other than dropout change
    that, what the last of these gives.

    Args:
        model: Any; what is no `torch.fx.GraphModule` has no wires to follow.
    """
    if not any(isinstance(part, Softmax) and part.dim == KEYS for part in model.modules()):
        return ()
    reading, graphs = _Reading(), list[str]()
    for path, part in model.named_modules(remove_duplicate=False):
        if isinstance(part, fx.GraphModule) and not any(f"{path}.".startswith(outer) for outer in graphs):
            reading.walk(part, path, ())
            graphs.append(f"{path}.".lstrip("."))
    return tuple(dict.fromkeys(f"{call.path}.y" for start in reading.calls for call in reading.weights(start)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Call:
    """One call of a block: its path, the block, and the numbers of the values it takes and makes."""

    path: str
    block: nn.Module
    takes: tuple[int, ...]
    makes: int


@dataclass
class _Reading:
    """A model as one flat list of calls. State: all of it grows with each block that is met."""

    last: int = 0
    calls: list[_Call] = field(default_factory=list)
    makers: dict[int, _Call] = field(default_factory=dict)
    takers: dict[int, list[_Call]] = field(default_factory=dict)

    def weights(self, start: _Call) -> Iterator[_Call]:
        """What gives the weights that come of a softmax over the product of queries and keys."""
        if not (isinstance(start.block, Softmax) and start.block.dim == KEYS and self._is_of_a_product(start)):
            return
        waiting = [(start, start)]
        for call, last in waiting:
            for taker in self.takers.get(call.makes, ()):
                if isinstance(taker.block, Matmul) and taker.takes[0] == call.makes:
                    yield last
                elif isinstance(taker.block, STEPS):
                    waiting.append((taker, last if isinstance(taker.block, Dropout) else taker))

    def _is_of_a_product(self, start: _Call) -> bool:
        waiting = [*start.takes]
        for value in waiting:
            maker = self.makers.get(value)
            if maker is not None and isinstance(maker.block, Matmul):
                return True
            if maker is not None and isinstance(maker.block, STEPS):
                waiting += maker.takes
        return False

    def walk(self, module: fx.GraphModule, path: str, given: Iterable[Any]) -> Any:
        """Go through a graph, and the graphs inside it, with numbers in the place of tensors."""
        values: dict[fx.Node, Any] = {}
        waiting = iter(given)
        for node in module.graph.nodes:
            taken = fx.map_arg(node.args, values.__getitem__)
            if node.op == "placeholder":
                values[node] = next(waiting, None) or self._number()
            elif node.op == "call_module":
                inner = f"{path}.{node.target}".lstrip(".")
                values[node] = self._call(module.get_submodule(str(node.target)), inner, taken)
            elif node.op == "output":
                return taken[0]
            else:
                values[node] = _part(taken) if node.target is operator.getitem else self._number()
        return None

    def _call(self, block: nn.Module, path: str, taken: tuple[Any, ...]) -> Any:
        if isinstance(block, fx.GraphModule):
            return self.walk(block, path, taken)
        numbers = tuple(value for value in taken if isinstance(value, int))
        call = _Call(path=path, block=block, takes=numbers, makes=self._number())
        self.calls.append(call)
        self.makers[call.makes] = call
        for number in numbers:
            self.takers.setdefault(number, []).append(call)
        return call.makes

    def _number(self) -> int:
        """A value that was not met before."""
        self.last += 1
        return self.last


def _part(taken: tuple[Any, ...]) -> Any:
    """One of several results, where it is known which value each is."""
    whole, which = taken
    return whole[which] if isinstance(whole, (tuple, list, Mapping)) else whole
