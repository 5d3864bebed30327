"""The model as a document: edits, shapes, rules, compile, templates, files. Knows no screen.

Names are loaded when they are first used, so that `import builder.document` needs no torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder import templates
    from builder.checkpoints import open_checkpoint
    from builder.codegen import generate_code
    from builder.compile import compile_document
    from builder.contracts import check_contracts
    from builder.document import Definition, Document, Node, PortRef, Symbol, Wire
    from builder.store import load, save
    from builder.validate import validate

_WHERE = {
    "check_contracts": "contracts",
    "Definition": "document",
    "Document": "document",
    "Node": "document",
    "PortRef": "document",
    "Symbol": "document",
    "Wire": "document",
    "compile_document": "compile",
    "generate_code": "codegen",
    "load": "store",
    "open_checkpoint": "checkpoints",
    "save": "store",
    "templates": "templates",
    "validate": "validate",
}
__all__ = [
    "Definition", "Document", "Node", "PortRef", "Symbol", "Wire", "check_contracts", "compile_document",
    "generate_code", "load", "open_checkpoint", "save", "templates", "validate",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Load a public name."""
    if name not in _WHERE:
        raise AttributeError(f"module 'builder' has no attribute {name!r}")
    module = import_module(f"builder.{_WHERE[name]}")
    value = module if name == _WHERE[name] == "templates" else getattr(module, name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """Keeps `builder.validate` the function, though a module of that name is set here when it is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name in _WHERE and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
