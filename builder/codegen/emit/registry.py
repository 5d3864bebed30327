"""The table of emitters."""

from __future__ import annotations

from collections.abc import Callable

from builder.codegen.emit.foreign import foreign
from builder.codegen.site import Emission, Site
from engine.blocks.spec import CATALOGUE

Emitter = Callable[[Site], Emission]
EMITTERS: dict[str, Emitter] = {}


def emits(kind: str) -> Callable[[Emitter], Emitter]:
    """Declare what a block becomes; a later declaration takes the place of an earlier one."""

    def declare(emitter: Emitter) -> Emitter:
        EMITTERS[kind] = emitter
        return emitter

    return declare


def emit(kind: str, site: Site) -> Emission:
    """A node as code: by its emitter, or else as the block's own class.

    Raises:
        CompileError: If there is no emitter, and the class cannot stand alone.
    """
    return EMITTERS[kind](site) if kind in EMITTERS else foreign(CATALOGUE[kind], site)
