"""What all panes of one window look at together: one node, head, cell, step and run."""

from __future__ import annotations

from collections.abc import Callable

import param

FIELDS = ("node", "layer", "head", "query", "key", "step", "run")


def without_indices(path: str) -> str:
    """The path of a node in the drawn graph: the path of its module without the indices of repeats.

    `blocks.0.attn.core` is `blocks.attn.core`; for groups of modules, `blocks.*.attn.core` is it too.
    """
    return ".".join(part for part in path.split(".") if not part.isdecimal() and part != "*")


def related(path: str, other: str) -> bool:
    """Whether one of two drawn paths is the other one or lies inside it."""
    return (path + ".").startswith(other + ".") or (other + ".").startswith(path + ".")


class Selection(param.Parameterized):
    """Holds what is looked at. Panes never write its fields; they call `set`.

    A pane follows it under the name that it gives to `set`, so that it never hears itself:

        selection.follow("curves", redraw)
        selection.set("curves", step=1200)
    """

    node = param.String(default="", doc="Ids from the root, parted by dots, without indices of repeats; empty: none.")
    layer = param.Integer(default=None, allow_None=True, bounds=(0, None), doc="Which of the repeats.")
    head = param.Integer(default=None, allow_None=True, bounds=(0, None))
    query = param.Integer(default=None, allow_None=True, bounds=(0, None), doc="Position that looks.")
    key = param.Integer(default=None, allow_None=True, bounds=(0, None), doc="Position looked at.")
    step = param.Integer(default=None, allow_None=True, bounds=(0, None), doc="None: the latest.")
    run = param.String(default="", doc="Id of a run; empty: the newest.")
    source = param.String(default="", doc="Who changed it last.")
    changed = param.List(default=[], doc="Names of the fields that changed last.")
    revision = param.Integer(default=0, doc="Grows by one with every change.")

    def __init__(self) -> None:
        super().__init__()
        self._followers: list[tuple[str, Callable[[], None]]] = []

    def set(self, source: str, **fields: str | int | None) -> bool:
        """Change several fields as one step; equal values are dropped.

        Args:
            source: Name of the pane that asks, so that it can skip its own change.
            fields: New values by name; `None` (numbers) or an empty text is nothing.

        Returns:
            Whether anything changed.
        """
        assert set(fields) <= set(FIELDS), f"No fields of a selection: {set(fields) - set(FIELDS)}"
        news = {name: value for name, value in fields.items() if value != getattr(self, name)}
        if not news:
            return False
        self.param.update(**news, source=source, changed=list(news), revision=self.revision + 1)
        for follower, handler in list(self._followers):
            if follower != source:
                handler()
        return True

    def follow(self, source: str, handler: Callable[[], None]) -> Callable[[], None]:
        """Call `handler` after every change that `source` did not make itself.

        Args:
            source: Name of the pane, as it gives it to `set`.
            handler: Reads what it needs from the selection.

        Returns:
            A function that ends it.
        """
        entry = (source, handler)
        self._followers.append(entry)
        return lambda: self._followers.remove(entry)
