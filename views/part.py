"""What all parts of the window share: the compiled bundle, one React tree, messages and lists sent by differences."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

import param
from panel.custom import ReactComponent
from panel.io import hold

HERE = Path(__file__).parent
LONG = 120  # letters of a dict, from which on it is worth a name
Message = dict[str, Any]
Row = dict[str, Any]
Handler = Callable[[Message], object]


@cache
def version(path: Path) -> str:
    """A few letters that change with the file; the same ones as long as the process lives.

    Two addresses of one bundle would be two Reacts in one window.
    """
    return sha256(path.read_bytes()).hexdigest()[:12]


class Part(ReactComponent):
    """Shares the bundle, the React tree and the messages' plumbing."""

    use_shadow_dom = param.Boolean(default=False, constant=True)

    _bundle: ClassVar[Path] = HERE / "ui.bundle.js"
    _importmap: ClassVar[dict[Literal["imports", "scopes"], dict[str, str]]] = {}

    __abstract = True

    def __init__(self, **params: Any) -> None:
        self._handlers: list[Handler] = []
        super().__init__(**params)

    def on(self, handler: Handler) -> None:
        """Call `handler` with every message this part sends."""
        self._handlers.append(handler)

    def tell(self, message: Message) -> None:
        """Send a message as one text, half as long as Bokeh's own writing of it."""
        text = _text(message)
        self._send_msg(message if text is None else {"json": text})

    def _handle_msg(self, msg: Message) -> None:
        with hold():  # all that changes by it travels as one message
            for handler in list(self._handlers):
                handler(msg)

    @classmethod
    def _component_resource_path(cls, esm_path: Any, compiled: Any) -> str:
        """The bundle's address with its version, so that browsers keep it until it changes."""
        path: str = super()._component_resource_path(esm_path, compiled)
        return f"{path}?v={version(Path(esm_path))}"


def _text(value: object) -> str | None:
    """`value` as JSON; `None` if it has what JSON has not, such as a number that is none."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        return None


class Listed(Part):
    """A part whose content is one list of dicts; after the first picture only differences travel.

    A long dict that the browser has heard before is sent by its name alone.
    """

    _list: ClassVar[str]

    __abstract = True

    def __init__(self, **params: Any) -> None:
        self._patched = False  # whether the browser's model lags behind
        self._met = False
        self._known: set[str] = set()
        self._greeters: list[Callable[[], object]] = []
        super().__init__(**params)
        self.param.watch(self._assigned, [self._list], onlychanged=False)

    def greeted(self, handler: Callable[[], object]) -> None:
        """Call `handler` each time the browser has this part on its page."""
        self._greeters.append(handler)

    @property
    def rows(self) -> list[Row]:
        """The list as it is now."""
        rows: list[Row] = getattr(self, self._list)
        return rows

    def patch(self, id_: str, **changes: Any) -> None:
        """Change some keys of the dicts whose `id` is `id_`; sends those dicts alone, or nothing."""
        self.show([{**row, **changes} if row.get("id") == id_ else row for row in self.rows])

    def show(self, rows: Sequence[Row]) -> None:  # type: ignore[override]  # Panel's opens a server; nobody asks a part
        """Replace the list, sending only the dicts that differ."""
        new, old = list(rows), self.rows
        if new == old:
            return
        if not self._met:
            self.param.update(**{self._list: new})
            return
        with param.parameterized.discard_events(self):
            self.param.update(**{self._list: new})
        self._patched = True
        changed = [[i, self._short(row)] for i, row in enumerate(new) if i >= len(old) or row != old[i]]
        self.tell({"patch": changed, "length": len(new)})

    def _short(self, row: Row) -> Row:
        """A row with a name if it is long; the name alone if the browser has heard it."""
        text = _text(row)
        if text is None or len(text) < LONG:
            return row
        name = sha256(text.encode()).hexdigest()[:10]
        if name in self._known:
            return {"same": name}
        self._known.add(name)
        return {"as": name, "row": row}

    def _assigned(self, event: Any) -> None:
        if self._patched or event.type == "triggered":  # the browser's model lags behind: say it all
            self.tell({"rows": event.new})

    def _handle_msg(self, msg: Message) -> None:
        if msg.get("type") != "hello":
            super()._handle_msg(msg)
            return
        self._met = True
        self._known.clear()
        if self._patched:  # patches sent before the browser could hear them
            self.tell({"rows": self.rows})
        for handler in self._greeters:
            handler()
