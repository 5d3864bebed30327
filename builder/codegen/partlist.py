"""Functions and classes that generated files take from `builder.codegen.parts`, each only where it is used."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from builder.codegen import parts
from builder.codegen.identifiers import Identifiers

_TYPING = re.compile(r"  # type: ignore\[[\w-]+\]")  # for the checks of this project alone


@cache
def library() -> dict[str, str]:
    """The source of every part, by name."""
    found: dict[str, str] = {}
    for module in iter_modules(parts.__path__):
        loaded = import_module(f"{parts.__name__}.{module.name}")
        for name, thing in vars(loaded).items():
            if getattr(thing, "__module__", "") == loaded.__name__:
                found[name] = _TYPING.sub("", inspect.getsource(thing)).rstrip()
    return found


class Parts:
    """The parts of one file. State: grows as they are asked for.

    Args:
        names: Names of the file.
    """

    def __init__(self, names: Identifiers) -> None:
        self._names = names
        self._called: dict[str, str] = {}
        self._own: dict[str, str] = {}

    def name(self, part: str) -> str:
        """Include a part, and those that it needs; gives what it is called."""
        if part not in self._called:
            for other in _needs(part):
                self.name(other)
            self._called[part] = self._names.fresh(part)
        return self._called[part]

    def include(self, name: str, source: str) -> None:
        """Include something that is no part of ours, under its own name."""
        self._own.setdefault(name, source)
        self._names.given.add(name)

    def sources(self) -> list[str]:
        """The parts, each after those that it needs."""
        found = list(self._own.values())
        for part in self._called:
            source = library()[part]
            for old, new in self._called.items():
                source = source if old == new else re.sub(rf"(?<![\w.]){old}\b", new, source)
            found.append(source)
        return found


@cache
def _needs(part: str) -> list[str]:
    used = {node.id for node in ast.walk(ast.parse(library()[part])) if isinstance(node, ast.Name)}
    return [name for name in library() if name in used and name != part]
