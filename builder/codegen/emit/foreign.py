"""Blocks of plugins that declare no emitter: their own class goes into the file, with its settings as a dataclass."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType

from builder.codegen.identifiers import IMPORTED
from builder.codegen.site import Emission, Site
from builder.codegen.text import literal
from builder.codegen.tree import Call, Port
from engine.blocks.spec import BlockSpec
from engine.errors import CompileError


def foreign(spec: BlockSpec, site: Site) -> Emission:
    """A block as its own class.

    Raises:
        CompileError: If its source is not there, or leans on more than torch and its own file.
    """
    module = sys.modules[spec.module.__module__]
    names = {**_settings(spec), **_sources(spec, module)}
    for name, source in names.items():
        site.include(name, source)
    fields = [field.name for field in spec.config.fields()]
    settings = Call(spec.config.__name__, tuple((name, site.init(name)) for name in fields))
    given = [(port.name, Port(port.name)) for port in spec.inputs if port.optional and port.name in site.wired]
    wanted = [Port(port.name) for port in spec.inputs if not port.optional]
    return Emission(Call(site.me, (*wanted, *given)), Call(spec.module.__name__, (settings,)))


def _settings(spec: BlockSpec) -> dict[str, str]:
    """The settings as a plain dataclass."""
    name = spec.config.__name__
    fields = [f"    {f.name}: {f.type.__name__} = {literal(f.default)}" for f in spec.config.fields()]
    head = ["@dataclass(frozen=True)", f"class {name}:", f'    """Settings of {spec.module.__name__}."""']
    return {name: "\n".join([*head, *(["", *fields] if fields else [])])}


def _sources(spec: BlockSpec, module: ModuleType) -> dict[str, str]:
    """The class, after what it needs of its own module."""
    found: dict[str, str] = {}
    _gather(spec, module, spec.module.__name__, found)
    return found


def _gather(spec: BlockSpec, module: ModuleType, name: str, found: dict[str, str]) -> None:
    thing = getattr(module, name)
    if isinstance(thing, int | float | str):
        found[name] = f"{name} = {literal(thing)}"
        return
    try:
        source = _undecorated(textwrap.dedent(inspect.getsource(thing)))
    except (OSError, TypeError):
        raise _refusal(spec, name) from None
    for other in _names(source):
        if other in found or other in (name, spec.config.__name__) or not hasattr(module, other):
            continue
        other_thing = getattr(module, other)
        if other in IMPORTED and not getattr(other_thing, "__module__", "torch").startswith(module.__name__):
            continue
        if not isinstance(other_thing, int | float | str) and getattr(other_thing, "__module__", "") != module.__name__:
            raise _refusal(spec, other)
        _gather(spec, module, other, found)
    found[name] = source


def _undecorated(source: str) -> str:
    tree = ast.parse(source).body[0]
    return "\n".join(source.splitlines()[tree.lineno - 1 :])


def _names(source: str) -> Iterator[str]:
    """Names that are read when the source runs; annotations are not."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    yield from dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _refusal(spec: BlockSpec, name: str) -> CompileError:
    return CompileError(
        f"The block {spec.kind!r} cannot stand alone: it uses {name!r}, which is neither torch's nor in its own file. "
        "Declare its source with builder.codegen.emit.emits in the plugin that brings it."
    )
