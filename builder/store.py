"""Documents as files: versioned JSON without code or addresses. Knows no blocks, so it opens any of them.

A file is one object: `format`, then the keys of `builder.encoding`. Files of older formats are brought up to
date by `MIGRATIONS`, one step after the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from builder import limits
from builder.decoding import decode
from builder.document import Document
from builder.encoding import encode
from builder.reading import Json, parse_json
from engine.errors import FileError

FORMAT = "stepwise/1"
_WIDTH = 140  # characters of a line
Migration = Callable[[dict[str, object]], dict[str, object]]

# By the format they read; each returns the object of the next format, with its `format`.
MIGRATIONS: dict[str, Migration] = {}


def load(path: Path | str) -> Document:
    """Read a document.

    Raises:
        FileError: If the file cannot be read or is no graph; the message says what, where and how to fix it.
    """
    path = Path(path)
    try:
        if path.stat().st_size > limits.MAX_BYTES:
            raise FileError(f"{path.name} is larger than {limits.MAX_BYTES} bytes, so it is no graph of ours.")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise FileError(f"{path.name} is no text, so it is no graph. Open a .json file.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} cannot be read: {error}. Check the name and your rights.") from None
    return loads(text)


def save(document: Document, path: Path | str) -> None:
    """Write a document so that the file is either the old one or the whole new one.

    Raises:
        FileError: If the document could not be read again, or the folder cannot be written to.
    """
    path, text = Path(path), dumps(document)
    loads(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}. Choose another folder.") from None


def loads(text: str) -> Document:
    """Read a document from text.

    Raises:
        FileError: If it is no graph.
    """
    file = parse_json(text)
    if not isinstance(file.value, dict):
        file.fail("this is no graph of Stepwise, which is a JSON object. Open another file.")
    content = _up_to_date(dict(file.value))
    del content["format"]
    return decode(Json(content))


def dumps(document: Document) -> str:
    """Write a document as text: keys in a fixed order, so that equal documents give equal files.

    Raises:
        FileError: If a number in it is not finite.
    """
    try:
        return _laid_out({"format": FORMAT, **encode(document)}) + "\n"
    except ValueError as error:
        raise FileError(f"{document.name}: a number is not finite ({error}). Set it anew.") from None


def _laid_out(value: object, indent: str = "") -> str:
    """JSON with what fits on a line on one line: a node or wire each, so that two files can be compared."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(indent) + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, list):
        rows, ends = [_laid_out(item, deeper) for item in value], "[]"
    else:
        rows = [f"{json.dumps(key)}: {_laid_out(item, deeper)}" for key, item in value.items()]
        ends = "{}"
    inside = ",\n".join(deeper + row for row in rows)
    return f"{ends[0]}\n{inside}\n{indent}{ends[1]}"


def _up_to_date(content: dict[str, object]) -> dict[str, object]:
    while (found := content.get("format")) != FORMAT:
        if not isinstance(found, str) or found not in MIGRATIONS:
            what = f"is {str(found)[:60]!a}" if found is not None else "is absent"
            raise FileError(f"format: it {what}, but this Stepwise reads {FORMAT!r}. Update it, or export anew.")
        content = MIGRATIONS[found](content)
    return content


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name[:40]}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
