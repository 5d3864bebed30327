"""Settings as rows of a form, and what was typed as a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import inf, isfinite
from typing import Any

from builder.catalogue import is_literal, resolve
from engine.errors import StepwiseError
from engine.settings import Field, Value

Section = dict[str, Any]
FAR = 1e9  # a highest value that nobody reaches is not shown


def rows_of(
    fields: Iterable[tuple[Field, Value]],
    scope: Mapping[str, Value],
    *,
    prefix: str,
    given: Collection[str] = (),
    own: bool = False,
) -> list[Section]:
    """One row for each setting.

    Args:
        fields: Settings with what is written in them.
        scope: Values of the names that expressions may use.
        prefix: Put before the setting's name in messages: `setting:d_model`.
        given: Names of settings that differ from their default.
        own: Whether the fields are the symbols of `scope` themselves.
    """
    return [_row(field, value, scope, f"{prefix}:{field.name}", field.name in given, own) for field, value in fields]


def _row(field: Field, value: Value, scope: Mapping[str, Value], name: str, changed: bool, own: bool) -> Section:
    literal = is_literal(field, value)
    row: Section = {
        "field": name,
        "label": field.name,
        "value": text_of(value),
        "symbol": not literal,
        "help": " ".join(filter(None, (field.setting.about, _end(field)))),
        "unit": field.setting.unit,
        "changed": changed,
        "hint": _range(field) if literal else "",
        "error": "",
    }
    if field.setting.choices or field.type is bool:
        options = field.setting.choices or ("off", "on")
        row["options"] = list(options) if literal else [text_of(value), *options]
    try:
        found = scope[field.name] if own and field.name in scope else resolve(field, value, scope)
        if not literal:
            row["hint"] = f"= {text_of(found)}"
    except StepwiseError as error:
        row["error"] = str(error)
    return {key: said for key, said in row.items() if said or key == "value"}  # silence travels free


def text_of(value: Value) -> str:
    """A value as the form shows it, in the fewest digits that are read back as the same."""
    if isinstance(value, bool):
        return "on" if value else "off"
    short = f"{value:g}" if isinstance(value, float) else ""
    return short if short and float(short) == value else str(value)


def _range(field: Field) -> str:
    low, high = _ends(field)
    return f"{low:g}…{high:g}" if isfinite(low) and isfinite(high) else ""


def _end(field: Field) -> str:
    """The one end of a range that has no other, in words: it is rarely in the way, so it stands in the tooltip."""
    low, high = _ends(field)
    if isfinite(low) == isfinite(high):
        return ""
    return f"At least {low:g}." if isfinite(low) else f"At most {high:g}."


def _ends(field: Field) -> tuple[float, float]:
    if field.type not in (int, float):
        return -inf, inf
    return field.setting.low, inf if field.setting.high >= FAR else field.setting.high


def choice(label: str, value: str, options: Iterable[str] = ()) -> Section:
    """A row of plain text, or of a choice where `options` are given."""
    row: Section = {"field": label, "label": label, "value": value}
    return {**row, "options": list(options)} if options else row


def number(text: str) -> int | str:
    """A whole number where `text` is one, else `text` itself."""
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() else text


def read(field: Field, typed: Any) -> Value:
    """What a user typed, as a value of `field`, or as an expression where it is none.

    Args:
        field: The setting.
        typed: Text, or on and off.
    """
    text = str(typed).strip()
    if field.type is bool and text.lower() in ("on", "off", "true", "false"):
        return text.lower() in ("on", "true")
    if field.type is str:
        return text
    try:
        return int(text) if field.type is int else float(text)
    except ValueError:
        return text
