"""The Python side of the graph canvas: the whole picture once, then small operations both ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import param

from views.parts import Part

Op = dict[str, Any]

HINTS = [
    ("Add the next block", "N"),
    ("Connect two selected blocks", "C"),
    ("Select several", "Shift+Click"),
    ("Select by a box", "Shift+Drag"),
    ("Move the selection", "Arrow keys"),
    ("Open a composite", "Double click"),
]
"""What the canvas does with keys and mouse that is no command: (what, how)."""


class Canvas(Part):
    """The graph as the browser draws it (views/ui/canvas.jsx). Decides nothing.

    Handlers added with `on` hear each gesture as an op with a string `op`: add, move, connect, rewire,
    delete, select, open, crumb, symbol, arrange and fix; and `hello`, with the number of the last message that was
    heard, when the browser is there or has missed one. The browser has drawn move, connect, rewire, delete
    and select already, so an answer names only what differs from that.
    """

    scene = param.Dict(default={"nodes": [], "edges": []}, doc="Sent once, and to start afresh.")
    catalogue = param.List(default=[], doc="Blocks: kind, title, family, hint, inputs, outputs.")
    fits = param.Dict(default={}, doc="For each kind of port the kinds that it may feed.")
    crumbs = param.List(default=[], doc="From the model to the open definition: label, times.")
    symbols = param.List(default=[], doc="Sizes of the definition: name, value, text.")

    _esm = Path(__file__).parent / "ui/canvas.jsx"

    def __init__(self, **params: Any) -> None:
        self._done = 0
        self.said = 0  # messages sent; the browser counts what it heard
        super().__init__(**params)

    def send(self, ops: Sequence[Op]) -> None:
        """Draw `ops` in the browser: node, drop_node, edge, drop_edge, select, scene or fit.

        A node or an edge that is drawn already needs its id and the keys that differ.
        """
        self.said += 1
        self.tell({"ops": list(ops), "done": self._done, "n": self.said})

    def _handle_msg(self, msg: Op) -> None:
        self._done += 1
        super()._handle_msg(msg)
