"""Edits of a definition's symbols, which size everything inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from builder import limits, names
from builder.document import Definition, Document, Symbol
from builder.edits.base import home
from builder.edits.settings import check_size
from builder.edits.symbol_uses import in_uses, users_of, with_symbol_renamed
from builder.values import scope
from engine.errors import EditError, ExpressionError, SettingError
from engine.registry import did_you_mean
from engine.settings import Setting, Value


@dataclass(frozen=True, kw_only=True)
class SetSymbol:
    """Give a symbol another value; all that is sized by it follows.

    Args:
        name: The symbol.
        value: A literal, a choice, or an expression over the symbols before it.
        at: The definition; empty is the root.
    """

    name: str
    value: Value
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Set {self.name}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the value.

        Raises:
            EditError: If there is no such symbol, or the value cannot be read or is out of range.
        """
        here = home(document, self.at)
        place = place_of(here, self.name)
        symbols = list(here.symbols)
        symbols[place] = replace(symbols[place], value=self.value)
        return document.with_definition(with_checked_symbols(here, symbols))


@dataclass(frozen=True, kw_only=True)
class AddSymbol:
    """Declare a named size of a definition.

    Args:
        name: Identifier.
        value: A literal, or an expression over the symbols that are there.
        type: Type of its values; `None` takes that of `value`, and whole numbers for an expression.
        setting: Range, choices and tooltip.
        at: The definition; empty is the root.
    """

    name: str
    value: Value
    type: type | None = None
    setting: Setting = field(default_factory=lambda: Setting(""))
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Add {self.name}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the symbol, after the others.

        Raises:
            EditError: If the name is taken or no identifier, or the value cannot be read or is out of range.
        """
        here = home(document, self.at)
        check_new_name(here, self.name)
        if len(here.symbols) >= limits.MAX_SYMBOLS:
            raise EditError(f"{here.title} has {limits.MAX_SYMBOLS} symbols, the most allowed.")
        kind = self.type or (int if isinstance(self.value, str) else type(self.value))
        symbol = Symbol(name=self.name, value=self.value, type=kind, setting=self.setting)
        return document.with_definition(with_checked_symbols(here, [*here.symbols, symbol]))


@dataclass(frozen=True, kw_only=True)
class RemoveSymbol:
    """Take a symbol away that nothing uses; uses of the composite lose the setting.

    Args:
        name: The symbol.
        at: The definition; empty is the root.
    """

    name: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Remove {self.name}"

    def apply(self, document: Document) -> Document:
        """Return `document` without the symbol.

        Raises:
            EditError: If there is no such symbol, or it is in use; the message says where.
        """
        here = home(document, self.at)
        place = place_of(here, self.name)
        if users := list(users_of(document, here, self.name)):
            listed = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
            raise EditError(f"{self.name} is used by {listed}. Give those another value first.")
        left = here.symbols[:place] + here.symbols[place + 1 :]
        document = document.with_definition(here.with_symbols(left))
        return in_uses(document, here.name, lambda settings: rekeyed(settings, self.name, None))


@dataclass(frozen=True, kw_only=True)
class RenameSymbol:
    """Give a symbol another name; all expressions and uses follow.

    Args:
        name: The symbol.
        new: The name it gets.
        at: The definition; empty is the root.
    """

    name: str
    new: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Rename {self.name} to {self.new}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the symbol under its new name.

        Raises:
            EditError: If there is no such symbol, or the new name is taken or no identifier.
        """
        here = home(document, self.at)
        place_of(here, self.name)
        if self.new == self.name:
            return document
        check_new_name(here, self.new)
        document = document.with_definition(with_symbol_renamed(document, here, self.name, self.new))
        return in_uses(document, here.name, lambda settings: rekeyed(settings, self.name, self.new))


def place_of(here: Definition, name: str) -> int:
    """Where the symbol `name` is declared.

    Raises:
        EditError: If there is none.
    """
    known = [symbol.name for symbol in here.symbols]
    if name not in known:
        raise EditError(f"{here.title} has no symbol {name!r}. {did_you_mean(name, known)}")
    return known.index(name)


def check_new_name(here: Definition, name: str) -> None:
    """Refuse a name that is taken or cannot be a symbol.

    Raises:
        EditError: If so.
    """
    if problem := names.problem(name):
        raise EditError(problem)
    if name in [symbol.name for symbol in here.symbols]:
        raise EditError(f"{here.title} has a symbol {name!r} already. Pick another name.")


def with_checked_symbols(here: Definition, symbols: list[Symbol]) -> Definition:
    """`here` with other symbols, each of which has a value.

    Raises:
        EditError: If one has not, or it is out of range.
    """
    for symbol in symbols:
        check_size(symbol.name, symbol.value)
    changed = here.with_symbols(symbols)
    try:
        scope(changed)
    except (ExpressionError, SettingError) as error:
        raise EditError(str(error)) from None
    return changed


def rekeyed(settings: Mapping[str, Value], old: str, new: str | None) -> dict[str, Value]:
    """`settings` with the key `old` called `new`, or gone."""
    pairs = ((new if key == old else key, value) for key, value in settings.items())
    return {key: value for key, value in pairs if key is not None}
