"""Every command of the window, once: its menu, its words and its shortcut; and which cannot be done now."""

from __future__ import annotations

from dataclasses import dataclass

from builder.edits.adapters import is_adapted
from views.runner import Runner
from views.session import Session


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something a user can ask for by menu, shortcut or command palette.

    Args:
        id: What the window's handler is given.
        label: The words in the menu; an ellipsis means that a dialog follows.
        menu: The menu it stands in; empty: only in the command palette.
        keys: Shortcut such as `Ctrl+Shift+Z`.
        typing: Whether the shortcut also works while text is being typed.
        rule: Whether a line parts it from the command above.
    """

    id: str
    label: str
    menu: str = ""
    keys: str = ""
    typing: bool = False
    rule: bool = False


def _menu(menu: str, *rows: tuple[str, str, str] | tuple[str, str, str, str]) -> list[Command]:
    """Rows are (id, label, keys[, flags]); flags: `t` also while typing, `-` a line above."""
    commands = []
    for id_, label, keys, *flags in rows:
        flag = flags[0] if flags else ""
        commands.append(Command(id=id_, label=label, menu=menu, keys=keys, typing="t" in flag, rule="-" in flag))
    return commands


COMMANDS: list[Command] = [
    *_menu(
        "File",
        ("new", "New model…", "Ctrl+Alt+N", "t"),
        ("open", "Open…", "Ctrl+O", "t"),
        ("open-trained", "Open trained model…", ""),
        ("save", "Save", "Ctrl+S", "t-"),
        ("save-as", "Save as…", "Ctrl+Shift+S", "t"),
        ("download", "Download the graph", ""),
        ("export", "Export the run…", "Ctrl+Shift+X", "t-"),
    ),
    *_menu(
        "Edit",
        ("undo", "Undo", "Ctrl+Z"),
        ("redo", "Redo", "Ctrl+Shift+Z"),
        ("cut", "Cut", "Ctrl+X", "-"),
        ("copy", "Copy", "Ctrl+C"),
        ("paste", "Paste", "Ctrl+V"),
        ("duplicate", "Duplicate", "Ctrl+D"),
        ("delete", "Delete", "Delete"),
        ("select-all", "Select all", "Ctrl+A", "-"),
    ),
    *_menu(
        "View",
        ("palette", "Command palette…", "Ctrl+K", "t"),
        ("fit", "Fit the graph", "F"),
        ("arrange", "Arrange", "L"),
        ("up", "Up one level", "Alt+ArrowUp"),
        ("docks", "Show or hide the docks", "Ctrl+B", "t-"),
        ("theme", "Light or dark", "Ctrl+Alt+D", "t"),
    ),
    *_menu(
        "Model",
        ("find-block", "Find a block", "/"),
        ("outline", "Search the outline", "Ctrl+Shift+E", "t"),
        ("open-inside", "Open composite", "Enter", "-"),
        ("group", "Group into a composite", "Ctrl+G"),
        ("ungroup", "Ungroup", "Ctrl+Shift+G"),
        ("draw-out", "Open the attention core", ""),
        ("independent", "Make independent", ""),
        ("add-adapter", "Add adapters", "", "-"),
        ("merge-adapters", "Merge adapters", ""),
        ("remove-adapter", "Remove adapters", ""),
        ("problems", "Show problems", "F8", "t-"),
        ("fix", "Apply the first fix", "Alt+Enter"),
        ("code", "Show code", "F9"),
    ),
    *_menu(
        "Run",
        ("train", "Train or pause", "Ctrl+Enter", "t"),
        ("step", "One step", "F10", "t"),
        ("stop", "Stop", "Shift+F5", "t"),
        ("fresh-weights", "Begin with fresh weights", ""),
        ("runs", "Show runs", "", "-"),
        ("mlflow", "Open MLflow", ""),
    ),
    *_menu("", ("load-that", "Load the other window's graph", ""), ("keep-mine", "Keep this window's graph", "")),
    *_menu("Help", ("shortcuts", "Keyboard shortcuts", "?"), ("about", "About Stepwise", "")),
]


def command_rows() -> list[dict[str, object]]:
    """The commands as the window wants them."""
    return [
        {"id": c.id, "label": c.label, "menu": c.menu, "keys": c.keys, "typing": c.typing, "rule": c.rule}
        for c in COMMANDS
    ]


def unavailable(session: Session, runner: Runner) -> list[str]:
    """Ids of commands that cannot be done now; what the toolbar and the canvas show, the browser knows itself."""
    can = {
        "export": runner.folder is not None,
        "fix": any(problem.fixes for problem in session.findings),
        "fresh-weights": session.weights is not None,
        "merge-adapters": is_adapted(session.document),
    }
    return [name for name, possible in can.items() if not possible]
