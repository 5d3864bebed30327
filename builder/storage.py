"""Which parameters are one storage, and which could be: ties as a user looks at them.

A path with `*` in it, such as `blocks.*.attn.q_proj.weight`, stands for the same parameter in every layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from builder.catalogue import block_inputs
from builder.document import Document
from builder.edits import Batch, Edit, Tie, Untie
from builder.held import held
from builder.paths import steps
from builder.sizes import Use, layers_at
from builder.surroundings import survey
from builder.values import known_scope
from engine.blocks.spec import CATALOGUE
from engine.errors import DocumentError

LAYER, MOST = "*", 3_000  # blocks and composites looked at; beyond them nothing is offered
Parts = tuple[str, ...]


@dataclass(frozen=True)
class Weight:
    """A matrix of a block, in all layers around it.

    Args:
        parts: Its path; `*` is the index of a layer.
        layers: How many there are, for each `*`.
        kind: Its block.
        shape: Its sizes.
    """

    parts: Parts
    layers: tuple[int, ...]
    kind: str
    shape: tuple[int, ...]

    @property
    def path(self) -> str:
        """As a user reads it."""
        return ".".join(self.parts)

    def paths(self, other: Parts | None = None) -> Iterator[str]:
        """The path in each layer; or what `other`, which is in the same layers or further out, is called there."""
        for indices in product(*(map(str, range(count)) for count in self.layers)):
            left = iter(indices)
            yield ".".join(next(left) if part == LAYER else part for part in other or self.parts)

    @property
    def reads_ids(self) -> bool:
        """Whether it is a table that ids choose from."""
        return any(port.kind == "ids" for port in block_inputs(self.kind))


@dataclass(frozen=True)
class Tying:
    """How a matrix of a block is stored.

    Args:
        weight: The matrix.
        leaf: Its name within the block, such as `decoder.weight`.
        kept: What it is tied to; one for each way, if that differs from layer to layer.
        followers: What is tied to it.
        others: What it could be tied to.
    """

    weight: Weight
    leaf: str
    kept: tuple[str, ...]
    followers: tuple[str, ...]
    others: tuple[Weight, ...]


def tyings(document: Document, path: Sequence[str], node: str) -> list[Tying]:
    """The matrices of a block that are tied to others or could be.

    Args:
        document: The model.
        path: Ids of the composites around it, from the root inward.
        node: The block.
    """
    everything = list(_around(document, tuple(path)))
    here = [(weight, leaf) for weight, at, leaf in everything if at == (*path, node)]
    return [t for w, leaf in here if (t := _tying(document, w, leaf, [o for o, *_ in everything])) is not None]


def _tying(document: Document, weight: Weight, leaf: str, everything: list[Weight]) -> Tying | None:
    kept, followers = dict(document.ties), list[str]()
    mine = list(weight.paths())
    ends = [_seen(kept[own], weight, own) if own in kept else "" for own in mine]
    for first, second in document.ties:
        if second in mine:
            followers.append(_seen(first, weight, second))
    even = [o for o in everything if o.shape == weight.shape and o.parts != weight.parts]
    others = [o for o in even if not any(path in kept for path in weight.paths(o.parts))]
    found = Tying(weight, leaf, tuple(dict.fromkeys(ends)), tuple(dict.fromkeys(followers)), tuple(others))
    return found if even or any(ends) or followers else None


def _seen(path: str, weight: Weight, own: str) -> str:
    """A path as it is seen from `own`, one of the paths of `weight`: `*` where both are in the same layer."""
    parts, mine = path.split("."), own.split(".")
    for place, part in enumerate(weight.parts):
        if parts[place : place + 1] != mine[place : place + 1]:
            break
        if part == LAYER:
            parts[place] = LAYER
    return ".".join(parts)


def tie_weights(document: Document, weight: Weight, other: Weight) -> Edit:
    """The edit that makes two matrices one, with all that is tied to them; a table of embeddings stays."""
    label = f"Tie {weight.path} to {other.path}"
    edits: list[Edit] = []
    stays = weight.reads_ids and not (other.reads_ids or weight.layers)
    for mine, theirs in zip(weight.paths(), weight.paths(other.parts), strict=True):
        first, second = (theirs, mine) if stays else (mine, theirs)
        moved = [a for a, b in document.ties if b == first]
        gone = [a for a, b in document.ties if a in (first, second)]
        edits += [Untie(first=path) for path in (*moved, *gone)]
        edits += [Tie(first=path, second=second) for path in (first, *moved) if path != second]
    return Batch(edits=tuple(edits), label=label)


def untie_weight(document: Document, weight: Weight) -> Edit:
    """The edit that gives a matrix, and all that is tied to it, a storage of its own."""
    mine = set(weight.paths())
    ends = [first for first, second in document.ties if first in mine or second in mine]
    return Batch(edits=tuple(Untie(first=first) for first in ends), label=f"Untie {weight.path}")


@dataclass(frozen=True)
class Shared:
    """Ties that are one in a user's eyes.

    Args:
        first: What is tied, with `*` where that is so in every layer.
        second: To what.
        paths: The single ones.
    """

    first: str
    second: str
    paths: tuple[str, ...]

    @property
    def untie(self) -> Edit:
        """The edit that takes them away."""
        return Batch(edits=tuple(Untie(first=path) for path in self.paths), label=f"Untie {self.first}")


def shared(document: Document) -> list[Shared]:
    """All ties of a model; those that every layer has are shown as one."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for first, second in document.ties:
        weight = Weight(_pattern(document, first), (), "", ())
        key = ".".join(weight.parts), _seen(second, weight, first)
        groups.setdefault(key, []).append((first, second))
    found = []
    for (one, other), ties in groups.items():
        if LAYER in one and len(ties) > 1 and len(ties) == _layers(document, one):
            found.append(Shared(one, other, tuple(first for first, _ in ties)))
        else:
            found += [Shared(first, second, (first,)) for first, second in ties]
    return found


def tied_blocks(document: Document, at: str) -> set[str]:
    """Ids of the blocks of the definition `at` that have a tied parameter."""
    found = set()
    for path in (path for tie in document.ties for path in tie):
        try:
            last = steps(document, path)[-1]
        except DocumentError:  # which a rule tells
            continue
        if last.definition == at:
            found.add(last.node)
    return found


def _pattern(document: Document, path: str) -> Parts:
    """A path with `*` in the place of every layer's index."""
    parts = path.split(".")
    try:
        layered = [step.place + 1 for step in steps(document, path) if step.layered]
    except DocumentError:
        layered = []
    return tuple(LAYER if place in layered else part for place, part in enumerate(parts))


def _layers(document: Document, pattern: str) -> int:
    """In how many layers a parameter is."""
    through = [step.node for step in steps(document, pattern.replace(LAYER, "0"))]
    return next((len(list(w.paths())) for w, *_ in _around(document, tuple(through[:-1])) if w.path == pattern), 0)


Found = tuple[Weight, Parts, str]  # a matrix, the ids of the nodes that lead to it, and its name in the last of them


def _around(document: Document, path: Parts) -> Iterator[Found]:
    """The matrices on the way to a composite: of all blocks that are in the layers on that way, and in no others."""
    root = Use(document, survey(document, document.main, known_scope(document.main)), None)
    yield from (found for each in islice(_within(root, path, (), (), ()), MOST) for found in each)


def _within(use: Use, path: Parts, above: Parts, prefix: Parts, layers: tuple[int, ...]) -> Iterator[list[Found]]:
    """What each block and composite has itself."""
    around = use.around
    for name in (name for name in around.definition.nodes if name in use.there):
        node, on_the_way = around.definition.nodes[name], path[:1] == (name,)
        inner = use.document.definitions.get(node.kind)
        if inner is None:
            yield list(_of_block(node.kind, use, name, (*above, name), (*prefix, name), layers))
        elif node.repeat is None or on_the_way:
            count = 1 if node.shared or node.repeat is None else layers_at(around, name)
            index = () if node.repeat is None else (LAYER,) if count > 1 else ("0",)
            inside = use.inside(name, inner, around.settings(name))
            deeper = (*layers, count) if count > 1 else layers
            yield []
            yield from _within(inside, path[1:] if on_the_way else (), (*above, name), (*prefix, name, *index), deeper)


def _of_block(kind: str, use: Use, name: str, at: Parts, prefix: Parts, layers: tuple[int, ...]) -> Iterator[Found]:
    if kind not in CATALOGUE:
        return
    for leaf, shape in held(kind, use.around.worth[name]).shapes.items():
        if len(shape) > 1:
            yield Weight((*prefix, *leaf.split(".")), layers, kind, shape), at, leaf
