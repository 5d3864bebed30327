"""What users typed, as text that can stand in Python source: words, docstrings and literals.

Titles, labels and descriptions may hold anything: quotes, line breaks, control characters, half of a surrogate pair.
Here they become plain words on lines of a fixed width.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable

from engine.settings import Value

WIDTH = 88
FIXED = "\u00a0"  # a space where no line ends


def clean(text: str) -> str:
    """`text` on one line: without control characters, and with every run of spaces as one."""
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(shown.replace('"""', "'''").split())


def remark(text: str) -> str:
    """`text` as words for a comment that mean nothing to any tool."""
    words = re.sub(r"(?i)\bnoqa\b", "no-qa", clean(text).replace("#", ""))
    return re.sub(r"(?i)\b(fmt|type|yapf|mypy|ruff|isort|pyright|pylint|flake8)\s*:", r"\1 –", words).strip()


def sentence(text: str) -> str:
    """`text` with a capital at its beginning and a full stop at its end; empty if there is nothing."""
    words = clean(text)
    if not words:
        return ""
    words = f"'{words[1:]}" if words[0] == '"' else words  # four quotes in a row are hard to read
    first = words.split()[0]
    words = words[0].upper() + words[1:] if first.isalpha() and first.islower() else words
    return words if words[-1] in ".!?" else f"{words}."


def width(text: str) -> int:
    """How many columns `text` takes; wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def wrapped(text: str, room: int, first: str = "", rest: str = "") -> list[str]:
    """`text` in lines of at most `room` columns.

    Args:
        text: Clean words; lines end at no `FIXED` space, which becomes a plain one.
        room: Columns for each line, its beginning included.
        first: What the first line begins with.
        rest: What the others begin with.
    """
    if width(text) > len(text):
        room = max(room // 2, 20)
    lines = textwrap.wrap(text, room, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace(FIXED, " ") for line in lines]


def together(text: str) -> str:
    """`text` in one piece, which no line parts."""
    return text.replace(" ", FIXED)


def parted(text: str) -> tuple[str, str]:
    """The first sentence of a text, and the others."""
    first, *others = re.split(r"(?<=\w\w[.!?]) (?=[A-Z])", sentence(text), maxsplit=1)
    return first, "".join(others)


def summary(about: str, title: str, indent: str) -> tuple[str, str]:
    """The first line of a docstring, and what else is to be said.

    Args:
        about: What is to be said, of any length.
        title: What it is called, for the first line if that is too much for it.
        indent: What the line begins with.
    """
    room = WIDTH - len(indent) - 8
    about, title = sentence(about), sentence(title)
    if about and width(about) <= room:
        return about, ""
    if width(title) > room:
        title = title[: room // 2 - 1].rstrip(" .!?") + "."  # a character is at most two columns wide
    return title, about


def docstring(summary: str, paragraphs: Iterable[list[str]], indent: str) -> list[str]:
    """A docstring's lines, in raw quotes where there is a backslash.

    Args:
        summary: One sentence, which fits on a line; see `summary`.
        paragraphs: Lines of each paragraph, without the indent.
        indent: What each line begins with.
    """
    blocks = [block for block in paragraphs if block]
    lines = [f"{indent}{line}".rstrip() for block in blocks for line in ("", *block)]
    quotes = 'r"""' if any("\\" in line for line in (summary, *lines)) else '"""'
    if not lines:
        return [f'{indent}{quotes}{summary}"""']
    return [f"{indent}{quotes}{summary}", *lines, f'{indent}"""']


def literal(value: Value) -> str:
    """A value as Python source, quoted as ruff does."""
    if not isinstance(value, str):
        return repr(value)
    inner = repr(value + '"')[1:-2]  # with a double quote in it, repr chooses single ones around it
    if '"' in value:
        return repr(value)
    return '"' + inner.replace("\\'", "'") + '"'
