"""The window's own parts: small React components in one compiled bundle (ui/), all driven by plain data.

Each part renders into its parent's React tree where the parent is one of these parts, so the whole window is one shadow
root with one style sheet. Messages from the browser reach `on` handlers as plain dicts:

    bar = Bar(items=[{"kind": "button", "id": "go", "text": "Go"}], look="pane")
    bar.on(lambda message: print(message["id"]))
    bar.patch("go", text="Stop")           # sends the one item
    sheet = Sheet(sections=[{"kind": "text", "text": "Nothing yet."}])
    sheet.show([{"kind": "text", "text": "Now."}])      # sends only what differs
    dock = Dock({"log": lambda: sheet}, tabs=[{"id": "log", "label": "Log"}], active=["log"], place="bottom")
    undo = {"id": "undo", "label": "Undo", "menu": "Edit", "keys": "Ctrl+Z"}
    window = Window(toolbar=bar, bottom=dock, commands=[undo])
    window.notify("Saved.", action=("undo", "Undo"))
    window.ask(Dialog(id="name", title="Save as", fields=[{"field": "name", "label": "Name", "value": ""}],
                      buttons=[{"id": "save", "label": "Save", "primary": True}]), lambda answer: ...)
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import param

from views.dock import Dock
from views.part import HERE, Handler, Listed, Message, Part, Row
from views.window import Dialog, Window

__all__ = ["Bar", "Dialog", "Dock", "Handler", "Message", "Palette", "Part", "Row", "Sheet", "Window"]


class Bar(Listed):
    """One line of controls: dicts with a `kind`, and an `id` where they send `{"id", "value"}` or are patched.

        Bar(items=[{"kind": "icon", "icon": "undo", "command": "undo"}, {"kind": "gap"}], look="toolbar")
        bar.patch("step", text="step 120 / 2 000")

    Kinds: `icon` (icon, title, disabled, pressed) · `button` (text, icon, primary, danger) · `chip` (text, tone) ·
    `segments` (options, value, title) · `select` (options, value, title, label) · `field` (value, label, width, unit,
    error) · `text` (text, tone, dot) ·
    `link` (text) · `meter` (value 0…100, width, title) · `theme` (shows and switches it) · `gap` · `rule`.
    Options are texts or {"id", "label"}. `tone` is ok, warn, err or strong; `title` is the tooltip; `hidden` hides, and
    `above` hides where the bar is not wider than so many pixels.
    With `"command": id` a press runs that command of the window, the tooltip names its shortcut, and nothing else is
    sent. The browser shows a new value of segments and select at once; patch it to agree.
    """

    items = param.List(default=[])
    look: param.Selector[str] = param.Selector(default="pane", objects=["toolbar", "status", "pane", "title"])

    _list: ClassVar[str] = "items"
    _esm: ClassVar[Path] = HERE / "ui/bar.jsx"


class Sheet(Listed):
    """A document made of sections: dicts with a `kind`, and an `id` where they are patched or send it.

        Sheet(sections=[{"kind": "empty", "id": "train", "text": "Curves appear here.", "action": "Train"}])
        sheet.show(sections)                # sends what differs
        sheet.param.trigger("sections")    # refused: fields show the old values again

    Kinds: `title` (text, colour, note) · `text` (text, tone) · `heading` (text, note) · `empty` (text, action, id) ·
    `formula` (text such as `softmax(QKᵀ/√d_k)V`, or parts: dicts with text, sub, sup) · `form` (rows) · `table` (rows
    of texts, head: dicts with text, title, colour, mono, acts: a button for each row) · `meter` (value 0…100, title) ·
    `links` (items: id, text, keys) · `actions` (items: id, text, icon, primary, danger, disabled) · `controls` (items
    as in `Bar`; id) · `code` (text) · `samples` (label, rows: input, answer, wanted; texts or lists of tokens) ·
    `problems` (rows: id, code, tone, text, why, where, fixes, acts) · `rows`.

    A form's rows: field, label, value, and what applies of options, symbol, hint, unit, error, help, changed,
    disabled, placeholder, words (not monospace), long (the value needs the row's room), act (a button that shows when
    the row is looked at: id, icon, title). Options ["off", "on"] make a switch. `inside` (groups: id with dots, title,
    colour, depth, note, rows of a form) is folded.

    `rows` is a table to search, sort and choose from: id, columns (id, label, align, width), rows (id, cells, tone),
    select ("one" or "many"), chosen, search (True or a placeholder), sort ({"by", "down"}), empty. A cell is a text, a
    number, or a dict of value (sorted by), text, tone (ok, warn, err, muted, differs), dot, colour, meter, title.

    Messages: form `{"name": field, "value"}` · empty, links, actions `{"name": id}` · controls `{"name": id, "value"}`
    · problems `{"name": section, "row": id, "fix": index or None}` or with `act`, the id of one of a row's further
    buttons · rows `{"name": section, "value": [chosen ids]}`, and `{"name": section, "open": id}` on a double click or
    Enter. An empty's action, a link or an action whose id is a command of the window runs that command instead of
    sending.
    """

    sections = param.List(default=[])
    look: param.Selector[str] = param.Selector(
        default="page", objects=["page", "strip"], doc="`strip` has less padding."
    )

    _list: ClassVar[str] = "sections"
    _esm: ClassVar[Path] = HERE / "ui/sheet.jsx"


class Palette(Part):
    """The searchable list of blocks; items can be dragged (`application/x-stepwise-block`) to the canvas.

        Palette(groups=[{"name": "Heads", "colour": "logits", "items": [{"kind": "lm_head", "label": "LM head"}]}])

    Messages: `{"add": kind}` on a double click or Enter.
    """

    groups = param.List(default=[], doc="Dicts: name, colour, items (dicts: kind, label, hint).")

    _esm: ClassVar[Path] = HERE / "ui/palette.jsx"
