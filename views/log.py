"""The log pane: the last lines that the run wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.runs import LOG_FILE
from views.parts import Sheet
from views.runner import Runner

MOST = 16_384  # bytes shown, from the end


class LogPane:
    """Follows the log of the runner's run.

    Args:
        runner: The run that is followed.
        is_shown: Whether the pane is in sight; out of sight it reads nothing.
    """

    def __init__(self, runner: Runner, is_shown: Callable[[], bool] = lambda: True) -> None:
        self._runner, self._is_shown = runner, is_shown
        self.part = Sheet()
        runner.param.watch(lambda *_: self.refresh(), ["status", "folder"])
        self.refresh()

    def refresh(self) -> None:
        """Show what is new if it is in sight."""
        if self._is_shown():
            self.part.show(self._sections())

    def _sections(self) -> list[dict[str, Any]]:
        text = tail(self._runner.folder / LOG_FILE) if self._runner.folder else ""
        if text:
            return [{"kind": "code", "text": text}]
        return [{"kind": "empty", "text": "What a run writes while it trains appears here."}]


def tail(path: Path) -> str:
    """The last whole lines of a text file; empty if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - MOST))
        text = file.read().decode("utf-8", "replace")
    return text.partition("\n")[2] if size > MOST else text
