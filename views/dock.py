"""Docks: tab strips over panes that are built when first shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.viewable import Children

from views.part import HERE, Listed


class Dock(Listed):
    """A tab strip over one pane, or over several side by side (Ctrl+click).

    A pane is built when it is first shown and stays mounted, hidden, afterwards: a Bokeh figure that is taken out of
    the page and put back fails in its layout. The browser remembers active tabs and shares by `place`.

        Dock({"log": lambda: Sheet()}, tabs=[{"id": "log", "label": "Log"}], active=["log"], place="bottom", limit=2)
        dock.open("log"); dock.badge("log", 3); dock.badge("log", 2, tone="err")
    """

    tabs = param.List(default=[], doc="Dicts: id, label, badge, tone, alone (takes the whole dock).")
    active = param.List(default=[])
    limit = param.Integer(default=1, doc="How many panes may stand side by side.")
    place: param.Selector[str] = param.Selector(default="", objects=["", "left", "right", "bottom"])
    lazy = param.Boolean(default=False, doc="Build nothing before the window is ready.")
    objects = Children()
    names = param.List(default=[], doc="The names of `objects`, which are the panes built so far.")

    _list: ClassVar[str] = "tabs"
    _esm: ClassVar[Path] = HERE / "ui/dock.jsx"

    def __init__(self, panes: Mapping[str, Callable[[], object]], **params: Any) -> None:
        self._panes, self._built = dict(panes), dict[str, object]()
        self._waiting = bool(params.get("lazy", False))
        super().__init__(**params)
        self._build()

    def ready(self) -> None:
        """The window stands: lazy panes are built from now on."""
        self._waiting = False
        self._build()

    @param.depends("active", watch=True)
    def _build(self) -> None:
        if self._waiting:
            return
        for name in self.active:
            if name not in self._built and name in self._panes:
                self._built[name] = self._panes[name]()
        if list(self._built) != self.names:
            self.param.update(names=list(self._built), objects=list(self._built.values()))

    def open(self, name: str, *, beside: bool = False) -> None:
        """Show a pane: in place of the newest one, or beside the others."""
        if name not in self.active:
            kept = self.active[1 - self.limit :] if self.limit > 1 else []
            alone = {tab["id"] for tab in self.tabs if tab.get("alone")} & {name, *self.active}
            self.active = [name] if alone else [*(kept if beside else self.active[:-1]), name]
        self.tell({"expand": True})

    def badge(self, name: str, badge: str | int | None, tone: str = "") -> None:
        """Put a number or a word at a tab; None takes it away."""
        self.patch(name, badge=badge, tone=tone)
