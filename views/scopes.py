"""Values of symbols as one place in the model sees them."""

from __future__ import annotations

from collections.abc import Sequence

from builder.catalogue import resolve_settings, scope, signature
from builder.document import Document
from engine.errors import StepwiseError
from engine.settings import Value


def scope_at(document: Document, path: Sequence[str]) -> dict[str, Value]:
    """Symbols of the definition reached through `path`, with what the nodes on the way pass inward.

    A value that cannot be found (an unreadable expression on the way) falls back to the definition's own.
    """
    here, values = document.main, scope(document.main)
    for name in path:
        node = here.node(name)
        kind = signature(document, node.kind)
        here = document.definition(node.kind)
        try:
            assert kind is not None
            values = scope(here, resolve_settings(node, kind, values))
        except StepwiseError:
            values = scope(here)
    return values
