"""Tensors: blocks, data, training, jobs, tracking, inspection, generation, export. Knows no graphs, no screen.

`engine.inspection` and `engine.generation` are there after `import engine` and are loaded when they are first used,
so that `import engine.ports` needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import generation, inspection

__all__ = ["generation", "inspection"]


def __getattr__(name: str) -> object:
    """Load a public module."""
    if name not in __all__:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return import_module(f"engine.{name}")
