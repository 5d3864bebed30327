"""JSON that one process writes while others read."""

from __future__ import annotations

import json
from pathlib import Path

from engine.jsonfiles import CHUNK, read_lines


def all_of(path: Path) -> list[dict[str, object]]:
    """Read to the end, call by call."""
    rows, offset = read_lines(path, 0)
    found = rows
    while rows:
        rows, offset = read_lines(path, offset)
        found = found + rows
    return found


def test_a_line_longer_than_a_chunk_is_read_and_so_are_those_after_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [{"text": "short"}, {"text": "x" * (3 * CHUNK)}, {"text": "after"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert all_of(path) == lines


def test_a_long_line_that_is_not_finished_waits_for_its_end(tmp_path: Path) -> None:
    path, line = tmp_path / "events.jsonl", json.dumps({"text": "x" * (2 * CHUNK)})
    path.write_text(line[:-9])
    assert read_lines(path, 0) == ([], 0)

    path.write_text(line + "\n")

    assert all_of(path) == [json.loads(line)]
