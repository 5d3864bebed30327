"""The frame of the app: bars, docks, splitters, menus, shortcuts, dialogs, notices and the theme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.viewable import Child

from views.dock import Dock
from views.part import HERE, Message, Part, Row

Answer = Callable[[Message], object]


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """What a modal dialog shows; every part of it is optional but id and title.

        Dialog(id="quit", title="Delete this run?", text="Its folder goes too.",
               buttons=[{"id": "delete", "label": "Delete", "danger": True}])

    Args:
        id: Comes back in the answer.
        title: A few words.
        text: A sentence or two under the title.
        items: Things to choose from: id, label, about, note, picture (SVG text, or {"light", "dark"}), group.
        look: `gallery` shows items as cards with pictures, `list` as rows.
        chosen: The id of the item chosen at first.
        search: Whether a field narrows the items down.
        empty: Said where there are no items.
        fields: Form rows as in `Sheet`.
        upload: Offers to read a file: {"label", "accept": ".json,.onnx"}.
        table: Rows of two texts, the second one in keyboard type.
        buttons: id, label, primary, danger; Cancel is always there. An Enter presses the primary one.
        cancel: What Cancel is called.
    """

    id: str
    title: str
    text: str = ""
    items: Sequence[Row] = ()
    look: str = "list"
    chosen: str = ""
    search: bool = False
    empty: str = ""
    fields: Sequence[Row] = ()
    upload: Row | None = None
    table: Sequence[Sequence[str]] = ()
    buttons: Sequence[Row] = ()
    cancel: str = "Cancel"


def _nothing() -> Callable[[Message], object]:
    return lambda _: None


@dataclass
class _Asked:
    """Holds the dialog that is open, and who wants its answer."""

    id: str = ""
    answer: Answer = field(default_factory=_nothing)


class Window(Part):
    """The frame: bars, three docks round a centre, splitters, menus, shortcuts, command palette and theme.

    Messages: `{"type": "command", "id"}` for each menu item, shortcut and toolbar command, and `{"type": "ready"}` once
    the browser is idle (lazy docks are then built by themselves). The commands `palette`, `theme`, `theme-light`,
    `theme-dark`, `theme-system`, `docks`, `toggle-left`, `toggle-right`, `toggle-bottom` and `shortcuts` are done in
    the browser and not sent. Every command is first dispatched there as the event `stepwise` with its id as detail.

        window = Window(toolbar=bar, left=dock, centre=canvas, commands=command_rows())
        window.on(lambda message: print(message))
    """

    use_shadow_dom = param.Boolean(default=True, constant=True)
    brand = param.String(default="Stepwise")
    title = Child()
    toolbar = Child()
    left = Child()
    centre = Child()
    bottom = Child()
    right = Child()
    status = Child()
    docks = param.Dict(default={"left": 216, "right": 284, "bottom": 304}, doc="Pixels; 0 hides a dock.")
    commands = param.List(default=[], doc="Dicts: id, label, menu, keys, typing, rule.")
    hints = param.List(default=[], doc="Further rows of the shortcuts' list: (what, keys).")
    dark = param.Boolean(default=False, doc="What the browser shows; set `theme` to change it.")
    theme: param.Selector[str] = param.Selector(
        default="", objects=["", "light", "dark", "system"], doc="Empty: what the browser remembers."
    )

    _esm: ClassVar[Path] = HERE / "ui/window.jsx"

    def __init__(self, **params: Any) -> None:
        self._asked, self._count = _Asked(), count(1)
        self.unavailable: list[str] = []
        super().__init__(**params)

    def stand(self, unavailable: list[str]) -> None:
        """Say which commands, by their ids, cannot be done now, as far as the browser does not know it itself."""
        if unavailable != self.unavailable:
            self.unavailable = unavailable
            self.tell({"unavailable": unavailable})

    def notify(
        self,
        text: str,
        tone: str = "",
        *,
        action: tuple[str, str] | None = None,
        actions: Sequence[tuple[str, str]] = (),
        seconds: float | None = None,
    ) -> str:
        """Show a notice that covers nothing and goes by itself.

        Args:
            text: What happened.
            tone: ok, warn or err.
            action: A command's id and the words of its button.
            actions: The same, of several buttons.
            seconds: How long it stays; 0 until dismissed; by default 6, errors 12.

        Returns:
            Its id, for `dismiss`.
        """
        id_ = f"n{next(self._count)}"
        stay = (12 if tone == "err" else 6) if seconds is None else seconds
        act = {"id": action[0], "label": action[1]} if action else None
        notice = {"id": id_, "text": text, "tone": tone, "action": act, "seconds": stay}
        more = [{"id": command, "label": label} for command, label in actions]
        self.tell({"notice": {**notice, "actions": more} if more else notice})
        return id_

    def dismiss(self, id_: str) -> None:
        """Take a notice away."""
        self.tell({"dismiss": id_})

    def ask(self, dialog: Dialog, answer: Answer | None = None) -> None:
        """Open a modal dialog.

        Args:
            dialog: What it shows; replaces one that is open.
            answer: Called once with button, item, values (field -> text) and, for an upload, file (name and
                text; or of an export of ours bytes, in base64).
                `button` is empty when it was cancelled, `upload` when a file was given.
        """
        self._asked = _Asked(dialog.id, answer or _nothing())
        self.tell({"dialog": asdict(dialog)})

    def download(self, name: str, content: str | bytes) -> None:
        """Hand a file to the browser's downloads."""
        self.tell({"download": {"name": name, "content": content}})

    def visit(self, url: str) -> None:
        """Open an http address in a new tab."""
        assert url.startswith(("http://", "https://"))
        self.tell({"visit": url})

    def _handle_msg(self, msg: Message) -> None:
        if msg.get("type") == "ready":
            self.tell({"unavailable": self.unavailable})  # what was said before the browser could hear it
            for dock in (self.left, self.right, self.bottom):
                if isinstance(dock, Dock):
                    dock.ready()
        if msg.get("type") != "dialog":
            super()._handle_msg(msg)
        elif msg.get("id") == self._asked.id:
            asked, self._asked = self._asked, _Asked()
            asked.answer(msg)
