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
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from engine.blocks.spec import CATALOGUE
from engine.errors import UnknownNameError
from engine.registry import did_you_mean

Paths = list[str]


class Tape(dict[str, Tensor]):
    """Values by path and port, in the order the model made them; the last forward's stay."""

    def __missing__(self, path: str) -> Tensor:
        raise UnknownNameError(f"Nothing was recorded at {path!r}. {did_you_mean(path, self)}")


def watch_ports(module: nn.Module) -> tuple[str, ...]:
    """Names of the values that this module computes for onlookers only."""
    specs = (spec for spec in CATALOGUE.values() if type(module) is spec.module)
    return tuple(port.name for spec in specs for port in spec.outputs if port.watch)


def output_ports(module: nn.Module) -> tuple[str, ...]:
    """Names of what the module's forward returns; `y` where it is no block of the catalogue."""
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
    tape, handles = Tape(), []
    wanted = None if ports is None else set(ports)
    try:
        for module, paths in _modules(model):
            handles += _watch(module, paths, wanted, tape)
            handles += _listen(module, paths, wanted, tape)
        if wanted:
            _refuse(model, wanted)
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


def _take(wanted: set[str] | None, paths: Paths, ports: tuple[str, ...]) -> tuple[str, ...]:
    """The ports to record; what is taken leaves `wanted`, so that the rest is unknown."""
    if wanted is None:
        return ports
    names = {f"{path}.{port}".lstrip("."): port for path in paths for port in ports}
    hits = names.keys() & wanted
    wanted -= hits
    return tuple(dict.fromkeys(names[hit] for hit in sorted(hits)))


def _keep(tape: Tape, paths: Paths) -> Callable[[dict[str, Tensor]], None]:
    """A function that writes one call's values; call n of a shared layer belongs to path n."""
    calls = count()

    def keep(values: dict[str, Tensor]) -> None:
        path = paths[next(calls) % len(paths)]
        tape.update({f"{path}.{port}".lstrip("."): value for port, value in values.items()})

    return keep


def _watch(module: nn.Module, paths: Paths, wanted: set[str] | None, tape: Tape) -> list[RemovableHandle]:
    ports = _take(wanted, paths, watch_ports(module))
    if not ports:
        return []
    keep, watch = _keep(tape, paths), module.watch
    assert callable(watch)

    @torch.no_grad()
    def look(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        keep({port: watch(port, *args, **kwargs).detach() for port in ports})

    return [module.register_forward_pre_hook(look, with_kwargs=True)]


def _listen(module: nn.Module, paths: Paths, wanted: set[str] | None, tape: Tape) -> list[RemovableHandle]:
    names = output_ports(module)
    ports = _take(wanted, paths, names) if wanted is not None else ()
    if not ports:
        return []
    keep = _keep(tape, paths)

    def hear(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        values = output if isinstance(output, tuple) else (output,)
        by_name = output if isinstance(output, dict) else dict(zip(names, values, strict=False))
        keep({port: by_name[port].detach() for port in ports})

    return [module.register_forward_hook(hear)]


def _refuse(model: nn.Module, unknown: set[str]) -> None:
    """Raise for ports that no module has."""
    known = [
        f"{path}.{port}".lstrip(".")
        for path, module in model.named_modules(remove_duplicate=False)
        for port in (*watch_ports(module), *output_ports(module))
    ]
    name = sorted(unknown)[0]
    raise UnknownNameError(f"The model has no port {name!r} to record. {did_you_mean(name, known)}")
