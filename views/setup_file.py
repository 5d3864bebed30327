"""How the next run is trained, as a file: what the user has chosen, over what the task recommends."""

from __future__ import annotations

import json
from pathlib import Path

from engine.config import RunConfig
from engine.errors import FileError, SettingError
from engine.jsonfiles import write_json
from views.setup import changes

FORMAT = "stepwise-setup/1"


def write_setup(path: Path, config: RunConfig) -> None:
    """Replace the file in one go."""
    write_json(path, {"format": FORMAT, "changes": changes(config)})


def read_setup(path: Path, task: str) -> RunConfig:
    """The settings of a run for `task`: what it recommends, with the choices in the file, if there is one.

    Raises:
        FileError: If the file cannot be read, or holds what is no setting.
    """
    if not path.exists():
        return RunConfig.suited(task)
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path.name} cannot be read: {error}.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("changes"), dict):
        raise FileError(f"{path.name} does not hold {FORMAT!r}, which this Stepwise reads.")
    try:
        return RunConfig.from_dict({**RunConfig.suited(task).to_dict(), **found["changes"], "task": task})
    except SettingError as error:
        raise FileError(f"{path.name}: {error}") from None
