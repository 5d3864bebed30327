"""Modules that run a drawn graph: one class for each different use of a definition, one object for each place.

Layers that are alike share their class, and with it the generated code. A class may know a second, fused way to
compute the same (see `builder.fusion`); it takes the drawn way whenever somebody listens to a block that the fused
way would skip.
"""

from __future__ import annotations

import copy
import linecache
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from hashlib import sha256
from types import CodeType
from typing import Any, ClassVar

from torch import fx, nn
from torch.nn.modules import module as torch_module


class Drawn(fx.GraphModule):
    """A use of a definition. State: its submodules, and its own copy of the graph once somebody asks for it.

    Args:
        path: Where in the model it is.
    """

    _ports: ClassVar[tuple[str, ...]] = ()
    _source: ClassVar[str] = ""
    _common: ClassVar[fx.Graph]
    _fused: ClassVar[fx.Graph | None] = None
    _inner: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *_: Any, **__: Any) -> Drawn:
        """Make an object; `fx.GraphModule` would make a class for each."""
        return object.__new__(cls)

    def __init__(self, path: str) -> None:
        nn.Module.__init__(self)
        self.meta = {}
        self._path = path
        self._graph = None  # type: ignore[assignment]

    @property
    def graph(self) -> fx.Graph:
        """The graph as it is drawn; each node knows its path, `node.meta["path"]`."""
        if self._graph is None:
            self._graph = self._own_graph()
        return self._graph

    @graph.setter
    def graph(self, graph: fx.Graph) -> None:
        """Run another graph; its submodules must be there."""
        self._graph = graph
        self.recompile()

    def _own_graph(self) -> fx.Graph:
        graph = copy.deepcopy(self._common)
        for node in graph.nodes:
            node.meta["path"] = ".".join(filter(None, (self._path, node.meta.get("path", ""))))
        graph.owning_module = self
        return graph

    def _flow(self) -> fx.Graph:
        """What a call runs now; its nodes' paths are those within the definition."""
        return self._common if self._fused is None or is_tapped(self) else self._fused

    @property
    def code(self) -> str:
        """The source that runs while nothing is fused."""
        return self._source

    def recompile(self) -> Any:
        """Take changes of the graph over; from then on it runs as it is drawn."""
        graph = self.graph
        self.__class__ = drawn_class(graph, type(self).__name__, self._ports)
        return graph.python_code(root_module="self")

    def __deepcopy__(self, memo: dict[int, Any]) -> Drawn:
        """A module with copies of all submodules, which runs the same code."""
        twin = type(self)(self._path)
        memo[id(self)] = twin
        twin.training = self.training
        for name, child in self._modules.items():
            twin._modules[name] = copy.deepcopy(child, memo)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a plain graph module."""
        plain = fx.GraphModule(self, copy.deepcopy(self.graph), type(self).__name__)
        reduced: tuple[Any, ...] = plain.__reduce__()
        return reduced


def is_tapped(module: Drawn) -> bool:
    """Whether somebody listens to a block that the fused way would skip."""
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        return True
    modules = module._modules
    for name in module._inner:
        inner: Any = modules[name]
        if inner._forward_hooks or inner._forward_pre_hooks or inner._backward_hooks or inner._backward_pre_hooks:
            return True
    return False


def drawn_class(
    graph: fx.Graph,
    name: str,
    ports: tuple[str, ...],
    fused: fx.Graph | None = None,
    inner: Sequence[str] = (),
) -> type[Drawn]:
    """A class of modules that run a graph.

    Args:
        graph: What is drawn; paths in it are those within the definition.
        name: What the class is called.
        ports: Names of what it gives.
        fused: Another graph that computes the same.
        inner: Names of the blocks that `fused` skips.
    """
    source, forward = _generated(graph, name)
    if fused is not None:
        forward = _either(forward, _generated(fused, name)[1])
    facts = {
        "_ports": ports, "_source": source, "_common": graph, "_fused": fused, "_inner": tuple(inner),
        "forward": forward, "__module__": __name__,
    }  # fmt: skip
    return type(name, (Drawn,), facts)


def _either(drawn: Callable[..., Any], fused: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(drawn)
    def forward(self: Drawn, *args: Any, **kwargs: Any) -> Any:
        if is_tapped(self):
            return drawn(self, *args, **kwargs)
        return fused(self, *args, **kwargs)

    return forward


def _generated(graph: fx.Graph, name: str) -> tuple[str, Callable[..., Any]]:
    """Source and function of a graph."""
    code = graph.python_code(root_module="self")
    names = dict(code.globals)
    exec(_compiled(code.src, name), names)
    return code.src, names["forward"]


@lru_cache(maxsize=512)
def _compiled(source: str, name: str) -> CodeType:
    """The code, whose lines tracebacks can show."""
    file = f"<{name} {sha256(source.encode()).hexdigest()[:8]}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return compile(source, file, "exec")
