"""Small files that unfold to large models: each level of composites uses all of the level below."""

from __future__ import annotations

from collections.abc import Sequence

from builder.document import Definition, Document, Node
from engine.settings import Value
from tests.builder.drawn import definition, end, node

ENDS = {"x": end("input", "hidden B T 8"), "y": end("output", "hidden B T 8")}


def chain(name: str, nodes: Sequence[Node], **symbols: Value) -> Definition:
    """A definition in which nodes with an input `x` and an output `y` stand in a row."""
    inside = {f"n{i}": one for i, one in enumerate(nodes)}
    ports = ["x.value", *(f"{name}.{port}" for name in inside for port in ("x", "y")), "y.value"]
    wires = " ".join(f"{a}>{b}" for a, b in zip(ports[::2], ports[1::2], strict=True))
    return definition(name, {**ENDS, **inside}, wires, **symbols)


def unfolding(levels: int, width: int, bottom: str = "relu") -> Document:
    """`width` to the power of `levels` blocks of the kind `bottom`, out of `levels * width` definitions."""
    parts = []
    for level in range(levels):
        below = [f"part_{level + 1}_{i}" for i in range(width)] if level < levels - 1 else [bottom]
        parts += [chain(f"part_{level}_{i}", [node(kind) for kind in below]) for i in range(width)]
    root = chain("model", [node(f"part_0_{i}") for i in range(width)])
    return Document(definitions={part.name: part for part in (root, *parts)})
