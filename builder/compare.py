"""What differs between two documents or two records of settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder import store
from builder.document import Document

_LOOKS = {"x", "y", "uid", "position"}  # where a node is drawn makes no other model


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
    """All values that differ between two nested records, by path."""
    a, b = dict(_leaves(left)), dict(_leaves(right))
    paths = [*a, *(path for path in b if path not in a)]
    pairs = ((path, a.get(path), b.get(path)) for path in paths)
    return [Difference(path=path, left=x, right=y) for path, x, y in pairs if x != y]


def document_differences(left: Document, right: Document) -> list[Difference]:
    """What differs between two models; how they are drawn does not count."""
    return differences(json.loads(store.dumps(left)), json.loads(store.dumps(right)))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            if name not in _LOOKS:
                yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif (
        isinstance(value, list) and value and all(isinstance(item, Mapping) and _key(item) for item in value)
    ):
        for item in value:
            yield from _leaves(item, f"{path}.{_key(item)}")
    else:
        yield path, value


def _key(item: Mapping[str, object]) -> str:
    """What a list's item is called, so that one more item does not shift all others."""
    return str(item.get("id") or item.get("name") or "")
