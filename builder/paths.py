"""Paths of parameters through a document, and keeping weight ties true when nodes change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from builder.document import Document
from engine.errors import DocumentError
from engine.registry import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Step:
    """One node on a path.

    Args:
        definition: Where the node is.
        node: Its id.
        place: Index of its segment in the path.
        layered: Whether the next segment is the index of a layer.
    """

    definition: str
    node: str
    place: int
    layered: bool = False


def steps(document: Document, path: str) -> list[Step]:
    """The nodes that a path such as `blocks.0.attn.q_proj.weight` leads through, from the root inward.

    Raises:
        DocumentError: If it leads through a node that does not exist, or names no parameter at its end.
    """
    parts = path.split(".")
    here, found, place = document.main, list[Step](), 0
    while True:
        if place >= len(parts) or parts[place] not in here.nodes:
            raise _astray(path, parts, place, here.name, here.nodes)
        node_name = parts[place]
        node = here.nodes[node_name]
        inner = document.definitions.get(node.kind)
        layered = inner is not None and node.repeat is not None
        found.append(Step(definition=here.name, node=node_name, place=place, layered=layered))
        place += 2 if layered else 1
        if layered and not _is_index(parts[place - 1 : place]):
            raise DocumentError(f"{path!r}: after {node_name} comes the index of a layer, such as {node_name}.0.")
        if inner is None:
            break
        here = inner
    if place >= len(parts) or not all(part.isidentifier() for part in parts[place:]):
        raise DocumentError(f"{path!r} names no parameter. End it with the parameter's name, such as weight.")
    return found


def _is_index(part: list[str]) -> bool:
    return len(part) == 1 and part[0].isascii() and part[0].isdigit() and len(part[0]) < 6


def _astray(path: str, parts: list[str], place: int, where: str, known: Collection[str]) -> DocumentError:
    if place >= len(parts):
        return DocumentError(f"{path!r} ends at a composite. Name a parameter inside it, as in block.part.weight.")
    hint = did_you_mean(parts[place], known)
    return DocumentError(f"{path!r}: there is no node {parts[place]!r} in {where}. {hint}")


def follow_rename(document: Document, at: str, old: str, new: str) -> Document:
    """`document` with ties that lead through node `old` of `at` leading through `new`.

    Call it before the node is renamed.
    """

    def change(parts: list[str], step: Step) -> bool:
        parts[step.place] = new
        return True

    return _rewritten(document, at, {old}, change)


def without_ties(document: Document, at: str, nodes: Collection[str]) -> Document:
    """`document` without the ties that lead through `nodes` of the definition `at`."""
    return _rewritten(document, at, nodes, lambda _parts, _step: False)


def keeping_ties(
    document: Document, at: str, nodes: Collection[str], wanted: Callable[[Sequence[str]], bool]
) -> Document:
    """`document` without those ties to parameters of `nodes` of `at` that are not `wanted`.

    Args:
        document: The model.
        at: The definition.
        nodes: Ids of blocks.
        wanted: Given the parts of the path behind the block, such as `["decoder", "weight"]`.
    """
    return _rewritten(document, at, nodes, lambda parts, step: wanted(parts[step.place + 1 :]))


def follow_repeat(document: Document, at: str, name: str, layers: int | str | None) -> Document:
    """`document` with ties through node `name` of `at` fit for another number of layers.

    Call it before the number is changed. Ties to layers that go are taken away.
    """

    def change(parts: list[str], step: Step) -> bool:
        if not step.layered and layers is not None:
            parts.insert(step.place + 1, "0")
        elif step.layered:
            index = parts[step.place + 1]
            if layers is None:
                del parts[step.place + 1]
                return index == "0"
            return isinstance(layers, str) or int(index) < layers
        return True

    return _rewritten(document, at, {name}, change)


def follow_group(document: Document, at: str, nodes: Collection[str], group: str) -> Document:
    """`document` with ties that lead through `nodes` of `at` leading through the composite `group` to them.

    Call it before they are grouped.
    """

    def change(parts: list[str], step: Step) -> bool:
        parts.insert(step.place, group)
        return True

    return _rewritten(document, at, nodes, change)


def follow_ungroup(document: Document, at: str, group: str, ids: Mapping[str, str]) -> Document:
    """`document` with ties through the composite `group` of `at` leading straight to its nodes.

    Call it before it is taken apart.

    Args:
        document: The model.
        at: The definition.
        group: The composite, which is not repeated.
        ids: What its nodes are called then; ties to those that are not in it are taken away.
    """

    def change(parts: list[str], step: Step) -> bool:
        inner = parts[step.place + 1]
        parts[step.place : step.place + 2] = [ids.get(inner, inner)]
        return inner in ids

    return _rewritten(document, at, {group}, change)


def _rewritten(
    document: Document, at: str, nodes: Collection[str], change: Callable[[list[str], Step], bool]
) -> Document:
    """Ties with `change` done to each path that leads through `nodes`; False from it takes the tie away."""
    kept = []
    for tie in document.ties:
        paths = [_changed(document, path, at, nodes, change) for path in tie]
        if all(path is not None for path in paths):
            kept.append((str(paths[0]), str(paths[1])))
    return document if tuple(kept) == document.ties else replace(document, ties=tuple(kept))


def _changed(
    document: Document,
    path: str,
    at: str,
    nodes: Collection[str],
    change: Callable[[list[str], Step], bool],
) -> str | None:
    try:
        through = steps(document, path)
    except DocumentError:
        return path
    parts = path.split(".")
    # From the end, so that an inserted index does not shift the places before it.
    for step in reversed(through):
        if step.definition == at and step.node in nodes and not change(parts, step):
            return None
    return ".".join(parts)
