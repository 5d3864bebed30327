"""JSON on disk that one process writes while others read: single objects, and files of one object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHUNK = 1 << 18  # bytes that one call of `read_lines` takes, or one line if that is longer


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if there is none or it cannot be read."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_lines(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Read on in a file of JSON lines.

    Args:
        path: The file; need not exist.
        offset: Bytes read before.

    Returns:
        The objects of up to `CHUNK` bytes of whole lines, without those that a crash cut short, and the
        next offset.
    """
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        text = file.read(CHUNK)
        while b"\n" not in text and (more := file.read(CHUNK)):
            text += more
    whole = text[: text.rfind(b"\n") + 1]
    rows = []
    for line in whole.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows += [row] if isinstance(row, dict) else []
    return rows, offset + len(whole)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file in one go, so that a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(value, indent=1))
    draft.replace(path)
