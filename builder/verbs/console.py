"""What all verbs share: where they print, and `--set name=value`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.errors import SettingError
from engine.settings import Field, Value

Verbs = Any  # argparse's own type for it is private
WIDE = 160  # columns where the output goes to a file
OUT = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
ERR = Console(stderr=True, highlight=False)


def fail(message: str) -> int:
    """Say what is wrong on stderr; the exit code for it."""
    ERR.print(Text.assemble(("error ", "bold red"), message), soft_wrap=True)
    return 2


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """Plain text in columns; nothing in it is taken for markup."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


def add_set(verb: argparse.ArgumentParser, help: str) -> None:
    """Give a verb the option `--set name=value …`."""
    verb.add_argument("--set", dest="changes", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=help)


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """Read `name=value` texts.

    Raises:
        SettingError: If one has no `=`.
    """
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise SettingError(f"--set {text!r} cannot be read. Write it as name=value.")
        found[name.strip()] = value.strip()
    return found


def value_of(text: str) -> Value:
    """A number or a switch if it looks like one, else the text: an expression or a choice."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_field(field: Field, text: str, where: str) -> Value:
    """The value of a setting from text.

    Raises:
        SettingError: If it is out of range or of another type.
    """
    return field.check(text if field.type is str else value_of(text), where)
