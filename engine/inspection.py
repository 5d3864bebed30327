"""Looking inside a model while it runs: any port's value, by its path, at no cost when off.

A path is the submodule's path and the port's name: `blocks.0.attn.core.weights`. *Watch ports*, such as
the weights of attention, are values that the fused computation never holds; while somebody records, the
block computes them explicitly from the inputs it really got, and its output stays the fused one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.hooks import RemovableHandle

from engine.blocks.spec import CATALOGUE
from engine.errors import UnknownNameError
from engine.registry import did_you_mean

Paths = list[str]


class Tape(dict[str, Tensor]):
    """Values by path and port, in the order the model made them; those of the last forward stay.

    Args:
        wanted: What to keep, all if `None`.
    """

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        super().__init__()
        self.wanted = wanted

    def __missing__(self, path: str) -> Tensor:
        raise UnknownNameError(f"Nothing was recorded at {path!r}. {did_you_mean(path, self)}")

    def wants(self, paths: Paths, port: str) -> bool:
        """Whether a port is wanted at one of these paths."""
        return self.wanted is None or any(_key(path, port) in self.wanted for path in paths)

    def take(self, key: str, value: Tensor) -> None:
        """Keep a value, without its gradient, if it is wanted."""
        if self.wanted is None or key in self.wanted:
            self[key] = value.detach()


def watch_ports(module: nn.Module) -> tuple[str, ...]:
    """Names of the values that this module computes for onlookers only."""
    specs = (spec for spec in CATALOGUE.values() if type(module) is spec.module)
    return tuple(port.name for spec in specs for port in spec.outputs if port.watch)


def output_ports(module: nn.Module) -> tuple[str, ...]:
    """Names of what the module's forward returns; `y` where nothing tells them."""
    if isinstance(module, fx.GraphModule):
        own: tuple[str, ...] | None = getattr(module, "_ports", None)
        return own or module.graph.output_node().meta.get("ports", ("y",))
    for spec in CATALOGUE.values():
        if type(module) is spec.module:
            return tuple(port.name for port in spec.outputs if not port.watch)
    return ("y",)


@contextmanager
def record(model: nn.Module, ports: Iterable[str] | None = None) -> Iterator[Tape]:
    """Note down values while the model runs inside this context; no output of it changes.

    Args:
        model: Any module; watch ports are those of the catalogue's blocks in it.
        ports: What to record, as `path.port`; all watch ports if not given.

    Yields:
        The tape. `tape["blocks.0.attn.core.weights"]` is (B, H, T, S). Values are detached.

    Raises:
        UnknownNameError: If the model has no such port; the message has the closest.
    """
    wanted = None if ports is None else frozenset(ports)
    modules = _modules(model)
    _check(wanted, modules)
    tape, handles = Tape(wanted), []
    try:
        for module, paths in modules:
            handles += _watch(module, paths, tape)
            handles += _listen(module, paths, tape)
        yield tape
    finally:
        for handle in handles:
            handle.remove()


def _modules(model: nn.Module) -> list[tuple[nn.Module, Paths]]:
    """Every module with its paths: layers that share weights are one module in several places."""
    found: dict[nn.Module, Paths] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        found.setdefault(module, []).append(path)
    return list(found.items())


def _check(wanted: frozenset[str] | None, modules: list[tuple[nn.Module, Paths]]) -> None:
    """Refuse ports that no module has."""
    if not wanted:
        return
    both = ((paths, (*watch_ports(module), *output_ports(module))) for module, paths in modules)
    known = [_key(path, port) for paths, ports in both for path in paths for port in ports]
    for name in sorted(wanted - set(known)):
        raise UnknownNameError(f"The model has no port {name!r} to record. {did_you_mean(name, known)}")


def _key(path: str, port: str) -> str:
    return f"{path}.{port}".lstrip(".")


def _recorder(tape: Tape, paths: Paths) -> Callable[[dict[str, Tensor]], None]:
    """A function that writes one call's values; call n of a shared layer belongs to path n."""
    calls = count()

    def keep(values: dict[str, Tensor]) -> None:
        path = paths[next(calls) % len(paths)]
        for port, value in values.items():
            tape.take(_key(path, port), value)

    return keep


def _watch(module: nn.Module, paths: Paths, tape: Tape) -> list[RemovableHandle]:
    """Compute the wanted watch ports of a module before each of its calls."""
    ports = [port for port in watch_ports(module) if tape.wants(paths, port)]
    if not ports:
        return []
    keep, watch = _recorder(tape, paths), module.watch
    assert callable(watch)

    @torch.no_grad()
    def look(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        keep({port: watch(port, *args, **kwargs) for port in ports})

    return [module.register_forward_pre_hook(look, with_kwargs=True)]


def _listen(module: nn.Module, paths: Paths, tape: Tape) -> list[RemovableHandle]:
    """Keep the wanted outputs of a module; if nothing is named, none is."""
    names = output_ports(module)
    if tape.wanted is None or not any(tape.wants(paths, name) for name in names):
        return []
    keep = _recorder(tape, paths)

    def hear(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        values = output if isinstance(output, tuple) else (output,)
        keep(output if isinstance(output, dict) else dict(zip(names, values, strict=False)))

    return [module.register_forward_hook(hear)]
