"""Remembering what was found out about frozen things, so that an edit pays only for what it changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Holds the results used last.

    Large frozen things are told apart by identity, which is quick; they are kept, so that it stays valid.
    Several threads may use one.

    Args:
        size: How many results to hold.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[object, ...], T]] = OrderedDict()

    def get(self, things: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """The result for `things` and `key`, made by `make` when it is not known.

        Args:
            things: Told apart by identity.
            key: Told apart by value.
            make: Finds the result.
        """
        full = (tuple(map(id, things)), key)
        with self._lock:
            found = self._kept.get(full)
            if found is not None:
                self._kept.move_to_end(full)
                return found[1]
        result = make()
        with self._lock:
            self._kept[full] = (things, result)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return result
