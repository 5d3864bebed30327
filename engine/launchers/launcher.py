"""The seam between the folders of runs and the places where a run can compute."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Launcher(Protocol):
    """Makes the process of a run."""

    def warm_up(self) -> None:
        """Get ready, so that `launch` is quick; returns at once."""

    def launch(self, folder: Path, target: str) -> None:
        """Begin `target`, written `module:function`, for a run folder; returns at once."""
