"""Settings, declared once for the inspector's form, the range check and the reference. Knows no tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from math import inf
from typing import Any, get_args, get_type_hints

from engine.errors import SettingError

Value = int | float | bool | str
LARGEST = 2**31 - 1  # of a whole number: more than any tensor's dimension


@dataclass(frozen=True)
class Setting:
    """What the inspector, the range check and the reference need to know of one field.

    Args:
        about: One sentence for the tooltip.
        low: Smallest value allowed.
        high: Largest value allowed.
        unit: What is counted: "features", "tokens".
        choices: The only values allowed, for text settings.
    """

    about: str
    low: float = -inf
    high: float = inf
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting of a block with its name, type and default."""

    name: str
    type: type
    default: Value
    setting: Setting

    def check(self, value: Value, where: str) -> Value:
        """Return `value` in the field's type.

        Raises:
            SettingError: If it has another type, is out of range, or is not one of the choices.
        """
        here, about = f"{where}: {self.name} is {value!r}", self.setting.about
        if self.type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.type:
            raise SettingError(f"{here}, but must be {_NAMES[self.type]}. {about}")
        if self.setting.choices and value not in self.setting.choices:
            raise SettingError(f"{here}, but must be one of {', '.join(self.setting.choices)}. {about}")
        if type(value) is int and abs(value) > LARGEST:
            raise SettingError(f"{here}, but whole numbers go up to {LARGEST}. {about}")
        if isinstance(value, int | float) and not self.setting.low <= value <= self.setting.high:
            raise SettingError(f"{here}, but must {_range(self.setting)}. {about}")
        return value


_NAMES = {int: "a whole number", float: "a number", bool: "on or off", str: "text"}


def _range(setting: Setting) -> str:
    if setting.high == inf:
        return f"be at least {setting.low:g}"
    return f"lie between {setting.low:g} and {setting.high:g}"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Settings that are right by themselves and do not go together.

    Args:
        name: The setting to change.
        reason: What is wrong, with the values.
        better: A value of it that would do.
    """

    name: str
    reason: str
    better: Value


@dataclass(frozen=True, kw_only=True)
class Config:
    """Base of all settings; every field is `Annotated[type, Setting(…)]`."""

    @classmethod
    @cache
    def fields(cls) -> tuple[Field, ...]:
        """All settings, in the order they are declared."""
        hints = get_type_hints(cls, include_extras=True)
        return tuple(_field(f.name, hints[f.name], f.default) for f in fields(cls))

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            SettingError: If a value does not fit its `Setting`, or settings do not go together.
        """
        where = type(self).__name__.removesuffix("Config")
        for field in self.fields():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name), where))
        for conflict in self.conflicts():
            raise SettingError(f"{where}: {conflict.reason} Set {conflict.name} to {conflict.better}.")

    def conflicts(self) -> Iterable[Conflict]:
        """Settings that do not go together; none, unless a block says so."""
        return ()

    @classmethod
    def conflicts_of(cls, values: Mapping[str, Value]) -> list[Conflict]:
        """Which of these settings, each right by itself, do not go together.

        Args:
            values: A value for every setting.
        """
        bare = object.__new__(cls)
        for name, value in values.items():
            object.__setattr__(bare, name, value)
        return list(bare.conflicts())


def _field(name: str, hint: Any, default: Any) -> Field:
    kind, *marks = get_args(hint)
    (setting,) = (mark for mark in marks if isinstance(mark, Setting))
    return Field(name=name, type=kind, default=default, setting=setting)
