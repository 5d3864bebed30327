"""Small changes of a template's document, so that it computes exactly what a checkpoint was trained with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from builder.document import Definition, Document
from engine.settings import Value


def with_kind(document: Document, kind: str, **settings: Value) -> Document:
    """Every node of `kind`, at every level, with these settings."""
    for definition in document.definitions.values():
        ids = [name for name, node in definition.nodes.items() if node.kind == kind]
        document = document.with_definition(_set(definition, ids, settings))
    return document


def with_node(document: Document, definition: str, node: str, **settings: Value) -> Document:
    """One node of one definition with these settings; the empty name means the root."""
    here = document.definition(definition)
    return document.with_definition(_set(here, [node], settings))


def _set(definition: Definition, ids: Iterable[str], settings: dict[str, Value]) -> Definition:
    nodes = {name: definition.nodes[name] for name in ids}
    return definition.with_nodes(
        {n: replace(node, settings={**node.settings, **settings}) for n, node in nodes.items()}
    )
