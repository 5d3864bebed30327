"""Attention of every head in 3D: planes of cells stacked by layer or by head, and the wall of all heads.

The browser's side is three/, built into one bundle. Weights travel as one byte a cell, 255 times the square
root, which keeps small weights apart and is at most 0.004 wrong; exact values come from the server when a
cell is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import param
from numpy.typing import NDArray
from panel.custom import JSComponent

from engine.attention_maps import AttentionStack
from views.part import version

HERE = Path(__file__).parent
Message = dict[str, object]


def encode(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Weights in [0, 1] as bytes, `round(255 * sqrt(w))`."""
    scaled: NDArray[np.uint8] = np.rint(255 * np.sqrt(np.clip(weights, 0, 1))).astype(np.uint8)
    return scaled


class Attention3D(JSComponent):
    """Shows one `AttentionStack`.

    Args:
        on_select: Called with layer, head, query and key that were chosen by a click or a key.
        on_mount: Called when the browser has the view.
        params: Parameters below.
    """

    field = param.Dict(default={}, doc="What `load` sends: shape, queries, keys and weights, in one message.")
    mode: param.Selector[str] = param.Selector(default="volume", objects=["volume", "overview"])
    view: param.Selector[str] = param.Selector(
        default="3D", objects=["3D", "Front", "Side", "Top"], doc="Where to look from."
    )
    stack: param.Selector[str] = param.Selector(
        default="layer", objects=["layer", "head"], doc="What the depth of the volume runs over."
    )
    planes: param.Selector[str] = param.Selector(
        default="all",
        objects=["all", "peel", "one"],
        doc="All planes, the chosen one and those behind, or only it.",
    )
    threshold = param.Number(default=0.04, bounds=(0, 1), doc="Cells of a smaller weight are not drawn.")
    layer = param.Integer(default=0, allow_None=True)
    head = param.Integer(default=0, allow_None=True)
    query = param.Integer(default=None, allow_None=True)
    key = param.Integer(default=None, allow_None=True)
    ramps = param.Dict(default={}, doc="Colours from weight 0 to 1, for the light and the dark theme.")

    _bundle: ClassVar[Path] = HERE / "attention3d.bundle.js"
    _esm: ClassVar[Path] = HERE / "three" / "index.js"

    def __init__(
        self, on_select: Callable[[Message], None], on_mount: Callable[[], None] = lambda: None, **params: object
    ) -> None:
        self._on_select, self._on_mount = on_select, on_mount
        self._shown: AttentionStack | None = None
        super().__init__(**params)

    def load(self, stack: AttentionStack) -> None:
        """Send the weights of a stack, unless they are there already."""
        if stack is self._shown:
            return
        self._shown = stack
        self.field = {
            "shape": list(stack.shape),
            "queries": list(stack.queries),
            "keys": list(stack.keys),
            "weights": encode(stack.weights).tobytes(),
        }

    @classmethod
    def _component_resource_path(cls, esm_path: Any, compiled: Any) -> str:
        """The bundle's address with its version, so that browsers keep it until it changes."""
        path: str = super()._component_resource_path(esm_path, compiled)
        return f"{path}?v={version(Path(esm_path))}"

    def _handle_msg(self, msg: Message) -> None:
        if msg.get("type") == "hello":
            self._on_mount()
        elif msg.get("type") == "select":
            self._on_select({name: msg.get(name) for name in ("layer", "head", "query", "key")})
