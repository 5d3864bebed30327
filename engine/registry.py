"""Named tables that answer a wrong name with the closest right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from threading import RLock
from typing import Generic, TypeVar

from engine.errors import UnknownNameError

T = TypeVar("T")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the closest of `known`, or lists them all."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    more = ", …" if len(names) > 20 else ""
    return f"Known: {', '.join(names[:20]) or 'none'}{more}."


class Registry(Generic[T]):
    """Holds things by name, in the order they were added.

    Args:
        what: What is stored, for messages: "block", "task".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}
        self._later: Callable[[], object] | None = None
        self._loading, self._lock = False, RLock()

    def later(self, load: Callable[[], object]) -> None:
        """Let `load` add more, once, as soon as a name is asked for that is not there, or all of them are."""
        self._later = load

    def _complete(self) -> None:
        if self._later is None:
            return
        with self._lock:  # another thread waits for all of it; this one may come here again while it loads
            if self._later is None or self._loading:
                return
            self._loading = True
            try:
                self._later()
            finally:
                self._later, self._loading = None, False

    def add(self, name: str, item: T) -> None:
        """Store `item`.

        Raises:
            ValueError: If the name is taken.
        """
        if name in self._items:
            raise ValueError(
                f"A {self.what} called {name!r} exists already, in {_home(self._items[name])}. Pick another name."
            )
        self._items[name] = item

    def __getitem__(self, name: str) -> T:
        """Look `name` up.

        Raises:
            UnknownNameError: If nothing is called that; the message has the closest name.
        """
        if name not in self:
            hint = did_you_mean(name, self._items)
            raise UnknownNameError(f"No {self.what} is called {name!r}. {hint}")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._items:
            self._complete()
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        self._complete()
        return iter(self._items)

    def __len__(self) -> int:
        self._complete()
        return len(self._items)

    def values(self) -> Iterable[T]:
        """All things stored, in order."""
        self._complete()
        return self._items.values()


def _home(item: object) -> str:
    """The module that something comes from."""
    made_by = getattr(item, "module", None) or getattr(item, "make", None) or type(item)
    return str(getattr(made_by, "__module__", "this program"))
