"""The table of emitters."""

from __future__ import annotations

from collections.abc import Callable

from builder.codegen.site import Emission, Site
from engine.errors import CompileError

Emitter = Callable[[Site], Emission]
EMITTERS: dict[str, Emitter] = {}


def emits(kind: str) -> Callable[[Emitter], Emitter]:
    """Declare what a block becomes; a later declaration takes the place of an earlier one."""

    def declare(emitter: Emitter) -> Emitter:
        EMITTERS[kind] = emitter
        return emitter

    return declare


def emit(kind: str, site: Site) -> Emission:
    """A node as code.

    Raises:
        CompileError: If nobody declared what its block becomes.
    """
    if kind not in EMITTERS:
        raise CompileError(
            f"{site.name}: no source is known for the block {kind!r}. Declare one with builder.codegen.emit.emits "
            "in the plugin that brings it."
        )
    return EMITTERS[kind](site)
