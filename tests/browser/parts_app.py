"""A window of nothing but parts, served by `test_window.py`; what Python hears is written in the status bar."""

from __future__ import annotations

import json
from typing import Any

import panel as pn
from bokeh.plotting import figure

from views.page import publish
from views.parts import Bar, Dialog, Dock, Message, Palette, Sheet, Window
from views.theme import themed, token

EVIL = '<img src=x onerror="window.hacked = 1"><b>bold</b>'
SPOILT = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 3' onload='window.hacked = 2'>"
PICTURE = SPOILT + "<rect width='4' height='3'/></svg>"


def _command(id_: str, label: str, menu: str, keys: str = "", typing: bool = False) -> dict[str, Any]:
    return {"id": id_, "label": label, "menu": menu, "keys": keys, "typing": typing}


COMMANDS = [
    _command("new", "New model…", "File", "Ctrl+Alt+N", typing=True),
    _command("save-as", "Save as…", "File"),
    _command("undo", "Undo", "Edit", "Ctrl+Z"),
    _command("redo", "Redo", "Edit", "Ctrl+Shift+Z"),
    _command("delete", "Delete", "Edit", "Delete"),
    _command("palette", "Command palette…", "View", "Ctrl+K", typing=True),
    _command("docks", "Show or hide the docks", "View", "Ctrl+B", typing=True),
    _command("theme", "Light or dark", "View", "Ctrl+Alt+D", typing=True),
    _command("find-block", "Find a block", "Model", "/"),
    _command("train", "Train or pause", "Run", "Ctrl+Enter", typing=True),
    _command("shortcuts", "Keyboard shortcuts", "Help", "?"),
]
GROUPS = [
    {
        "name": "Attention",
        "colour": "k",
        "items": [{"kind": "split_heads", "label": "Split heads"}, {"kind": "merge_heads", "label": "Merge heads"}],
    },
    {"name": "Norm", "colour": "weights", "items": [{"kind": "evil", "label": EVIL, "hint": EVIL}]},
]
FORM = {
    "kind": "form",
    "id": "form",
    "rows": [
        {"field": "d_model", "label": "d_model", "value": "128", "hint": "≥ 1"},
        {"field": "mask", "label": "mask", "value": "causal", "options": ["none", "causal"]},
        {"field": "bias", "label": "bias", "value": "off", "options": ["off", "on"], "changed": True},
        {"field": "bad", "label": "bad", "value": EVIL, "error": EVIL},
    ],
}
RUNS = {
    "kind": "rows",
    "id": "runs",
    "search": "Search runs",
    "select": "many",
    "columns": [{"id": "name", "label": "run"}, {"id": "loss", "label": "loss", "align": "right"}],
    "rows": [{"id": f"r{i}", "cells": {"name": f"run {i} {EVIL}", "loss": [3.0, 1.0, 2.0][i]}} for i in range(3)],
}
PROBLEM = {"id": 7, "code": "S001", "tone": "err", "text": EVIL, "where": "a.b", "fixes": ["Mend it"]}
SECTIONS = [
    {"kind": "title", "text": EVIL, "colour": "k"},
    {"kind": "formula", "text": "softmax(QKᵀ/√d_k)V" + EVIL},
    FORM,
    {"kind": "table", "rows": [[EVIL, EVIL]]},
    {"kind": "samples", "rows": [{"input": EVIL, "answer": "ab", "wanted": "ac"}]},
    {"kind": "code", "text": EVIL},
]


def plot() -> Any:
    """A line that follows the theme."""
    drawn = figure(height=120, sizing_mode="stretch_both", toolbar_location=None)
    line = drawn.line([0, 1], [0, 1])
    themed(line.glyph, **token("q"))
    return pn.pane.Bokeh(drawn, sizing_mode="stretch_both")


def main() -> None:
    """Make the window and let the status bar say what it sends."""
    inspector = Sheet(sections=SECTIONS)
    palette = Palette(groups=GROUPS)
    runs = Sheet(sections=[RUNS])
    problems = Sheet(sections=[{"kind": "problems", "id": "problems", "rows": [PROBLEM]}])
    left = Dock(
        {"blocks": lambda: palette}, tabs=[{"id": "blocks", "label": "Blocks"}], active=["blocks"], place="left"
    )
    right = Dock({"it": lambda: inspector}, tabs=[{"id": "it", "label": "Inspector"}], active=["it"], place="right")
    tabs = [{"id": name, "label": name.capitalize()} for name in ("problems", "train", "runs")]
    panes = {"problems": lambda: problems, "train": plot, "runs": lambda: runs}
    bottom = Dock(panes, tabs=tabs, active=["train"], place="bottom", limit=2, lazy=True)
    toolbar = Bar(
        look="toolbar",
        items=[
            {"kind": "icon", "icon": "undo", "command": "undo"},
            {"kind": "chip", "id": "chip", "text": EVIL},
            {"kind": "gap"},
            {"kind": "segments", "id": "view", "title": "View", "options": ["Head", "All"], "value": "Head"},
            {"kind": "button", "icon": "play", "text": "Train", "primary": True, "command": "train"},
        ],
    )
    status = Bar(look="status", items=[{"kind": "text", "id": "said", "text": "", "title": "said"}, {"kind": "theme"}])
    window = Window(toolbar=toolbar, left=left, right=right, bottom=bottom, status=status, commands=COMMANDS)
    window.centre = Sheet(sections=[{"kind": "empty", "id": "hello", "text": "Nothing here.", "action": "Say hello"}])

    def say(message: Message) -> None:
        status.patch("said", text=json.dumps(message, sort_keys=True))

    def hear(message: Message) -> None:
        say(message)
        if message.get("id") == "new":
            items = [{"id": name, "label": name, "picture": PICTURE} for name in ("gpt2", "classifier")]
            buttons = [{"id": "make", "label": "Create", "primary": True}]
            window.ask(Dialog(id="new", title="New model", look="gallery", items=items, buttons=buttons), say)
        if message.get("id") == "save-as":
            field = {"field": "name", "label": "Name", "value": "one"}
            buttons = [{"id": "save", "label": "Save", "primary": True}]
            window.ask(Dialog(id="save-as", title="Save as", fields=[field], buttons=buttons), say)
        if message.get("id") == "delete":
            window.notify(EVIL, "err", action=("undo", "Take it back"))
        if message.get("name") == "d_model" and message["value"] == "0":
            inspector.param.trigger("sections")

    for part in (window, toolbar, palette, inspector, runs, problems, window.centre):
        part.on(hear)
    publish(window)


main()
