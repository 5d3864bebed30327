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


def varied(levels: int, ways: int) -> Document:
    """Each level uses the one below `ways` times with other settings: at last in `ways` to the power of `levels`."""
    sizes = {"d_in": 8, "d_out": 8}
    parts = [chain(f"part_{levels - 1}", [node("linear", **sizes)], way=1)]
    for level in range(levels - 1):
        below = [node(f"part_{level + 1}", way=f"{ways}*way + {way}") for way in range(ways)]
        parts.append(chain(f"part_{level}", below, way=1))
    root = chain("model", [node("part_0", way=way) for way in range(ways)])
    return Document(definitions={part.name: part for part in (root, *parts)})


def unfolding(levels: int, width: int, bottom: str = "relu") -> Document:
    """`width` to the power of `levels` blocks of the kind `bottom`, out of `levels * width` definitions."""
    parts = []
    for level in range(levels):
        below = [f"part_{level + 1}_{i}" for i in range(width)] if level < levels - 1 else [bottom]
        parts += [chain(f"part_{level}_{i}", [node(kind) for kind in below]) for i in range(width)]
    root = chain("model", [node(f"part_0_{i}") for i in range(width)])
    return Document(definitions={part.name: part for part in (root, *parts)})
