"""What each block becomes in generated source: plain torch wherever torch has it, else a part.

An emitter takes a `Site` and gives an `Emission`. A plugin declares one for its block in the same way:

    @emits("swish")
    def swish(site: Site) -> Emission:
        return Emission(Call("F.silu", (Port("x"),)))
"""

from __future__ import annotations

from builder.codegen.emit import attention, embedding, heads, layers, mixture, shaping, steps
from builder.codegen.emit.registry import EMITTERS, emit, emits

__all__ = ["EMITTERS", "attention", "embedding", "emit", "emits", "heads", "layers", "mixture", "shaping", "steps"]
