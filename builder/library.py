"""How the composites that come with the builder get into a document, and which block joins two kinds of ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.composites import LIBRARY
from builder.document import INPUT, OUTPUT, Definition, Document
from builder.names import fresh
from engine.blocks.spec import CATALOGUE
from engine.ports import wider

BRIDGES = {
    ("ids", "hidden"): "token_embedding",
    ("hidden", "heads"): "split_heads",
    ("heads", "hidden"): "merge_heads",
    ("hidden", "logits"): "lm_head",
    ("hidden", "pooled"): "pool",
    ("pooled", "logits"): "classifier_head",
    ("pixels", "hidden"): "patch_embedding",
}  # the block that stands between two kinds of ports


def kinds(document: Document) -> list[str]:
    """All kinds that a node of `document` may have."""
    return [INPUT, OUTPUT, *document.definitions, *CATALOGUE, *LIBRARY]


def title(kind: str) -> str:
    """What the palette calls `kind`; the kind itself if it is not known here."""
    if kind in CATALOGUE:
        return CATALOGUE[kind].title
    return LIBRARY[kind].title if kind in LIBRARY else kind.replace("_", " ")


def bridge(given: str, wanted: str) -> str | None:
    """The block that turns what one kind of port carries into what another takes; `None` if no block does."""
    return BRIDGES.get((wider(given), wider(wanted)))


def with_library(document: Document, kind: str) -> Document:
    """`document` with the library's composite `kind` and what it needs, unless it has one of that name."""
    if kind in document.definitions or kind not in LIBRARY:
        return document
    return merged(document, needed(kind, LIBRARY))[0]


def needed(kind: str, definitions: Mapping[str, Definition]) -> dict[str, Definition]:
    """The definition `kind` and all that it is made of, by name; empty if `kind` is none of `definitions`."""
    found: dict[str, Definition] = {}
    waiting = [kind]
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in found:
            found[name] = definitions[name]
            waiting += [node.kind for node in definitions[name].nodes.values()]
    return found


def merged(document: Document, new: Mapping[str, Definition]) -> tuple[Document, dict[str, str]]:
    """`document` with the definitions `new`, and what each is called there.

    One that the document has already is used again; one that differs from its namesake gets another name.
    """
    changed = _differing(document, new)
    called: dict[str, str] = {}
    for name in new:
        taken = {*document.definitions, *new, *called.values()}
        called[name] = fresh(name, taken) if name in changed else name
    added = {called[name]: renamed_uses(replace(d, name=called[name]), called) for name, d in new.items()}
    kept = {name: d for name, d in added.items() if name not in document.definitions}
    return replace(document, definitions={**document.definitions, **kept}), called


def _differing(document: Document, new: Mapping[str, Definition]) -> set[str]:
    """Names of `new` that mean something else in `document`, themselves or by what they are made of."""
    own = document.definitions
    changed = {name for name, definition in new.items() if name in own and own[name] != definition}
    while True:
        more = {name for name, d in new.items() if any(node.kind in changed for node in d.nodes.values())}
        more = {name for name in more if name in own}
        if more <= changed:
            return changed
        changed |= more


def renamed_uses(definition: Definition, called: Mapping[str, str]) -> Definition:
    """`definition` with other names for the definitions it uses."""
    nodes = {
        name: replace(node, kind=called[node.kind])
        for name, node in definition.nodes.items()
        if called.get(node.kind, node.kind) != node.kind
    }
    return definition.with_nodes(nodes) if nodes else definition
