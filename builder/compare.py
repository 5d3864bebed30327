"""What differs between two documents or two records of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from builder.document import Definition, Document, Node

WIRED = "wired"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that differs; `None` where a side has none.

    Args:
        path: Names from the outside in, parted by dots.
        left: The first one's value.
        right: The second one's value.
    """

    path: str
    left: object
    right: object


def differences(left: Mapping[str, object], right: Mapping[str, object]) -> list[Difference]:
    """All values that differ between two records, in the order of their names."""
    paths = [*left, *(path for path in right if path not in left)]
    pairs = ((path, left.get(path), right.get(path)) for path in paths)
    return [Difference(path=path, left=a, right=b) for path, a, b in pairs if a != b]


def document_differences(left: Document, right: Document) -> list[Difference]:
    """What differs between two models; how they are drawn and described does not count.

    Of a composite or a node that only one of them has, nothing but its being there is told.
    """
    found = differences(dict(_facts(left)), dict(_facts(right)))
    alone = tuple(f"{d.path}." for d in found if (d.left is None or d.right is None))
    return [d for d in found if not d.path.startswith(alone)]


def same_model(left: Document, right: Document) -> bool:
    """Whether two documents compute the same: places and labels of nodes do not count. Quick for versions of one."""
    if left is right:
        return True
    whole = [(d.root, d.ties, d.promises, set(d.definitions)) for d in (left, right)]
    pairs = ((here, right.definitions.get(name)) for name, here in left.definitions.items())
    return whole[0] == whole[1] and all(there is not None and _same_definition(here, there) for here, there in pairs)


def _same_definition(left: Definition, right: Definition) -> bool:
    if left is right:
        return True
    parts = [(d.symbols, list(d.nodes), d.wires) for d in (left, right)]
    return parts[0] == parts[1] and all(_same_node(node, right.nodes[name]) for name, node in left.nodes.items())


def _same_node(left: Node, right: Node) -> bool:
    return left is right or left == replace(right, x=left.x, y=left.y, label=left.label)


def _facts(document: Document) -> Iterator[tuple[str, object]]:
    """Everything that makes the model what it is, by path."""
    yield "task", document.task or None
    for kept, tied in document.ties:
        yield f"{tied} tied to", kept
    for definition in document.definitions.values():
        yield definition.name, "main" if definition.name == document.root else "composite"
        yield from _inside(definition)


def _inside(definition: Definition) -> Iterator[tuple[str, object]]:
    for symbol in definition.symbols:
        yield f"{definition.name}.{symbol.name}", symbol.value
    for name, node in definition.nodes.items():
        yield f"{definition.name}.{name}", node.kind
        yield from ((f"{definition.name}.{name}.{key}", value) for key, value in _of_node(node))
    for wire in definition.wires:
        yield f"{definition.name}. {wire.source} → {wire.target}", WIRED


def _of_node(node: Node) -> Iterator[tuple[str, object]]:
    yield from node.settings.items()
    for layer, settings in node.overrides.items():
        yield from ((f"{layer}.{name}", value) for name, value in settings.items())
    if node.repeat is not None:
        yield "repeat", node.repeat
        yield "shared", node.shared
    if node.port is not None:
        yield "port", f"{node.port.kind} {node.port.shape}{' optional' if node.port.optional else ''}"
