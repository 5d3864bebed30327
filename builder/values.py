"""What settings and symbols are worth: literals, choices, and expressions over the symbols around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from builder import limits
from builder.document import Definition, Node
from builder.expressions import evaluate, parse
from engine.errors import ExpressionError, SettingError
from engine.registry import did_you_mean
from engine.settings import Field, Value

if TYPE_CHECKING:
    from builder.catalogue import Signature


_WORDS = re.compile(r"[^\W\d][\w .,:;!?'/+-]*")


def expression_problem(text: str) -> str:
    """Why `text` cannot be read as an expression; empty if it can."""
    try:
        parse(text)
    except ExpressionError as error:
        return str(error)
    return ""


def text_problem(text: str) -> str:
    """Why `text` can be no setting, neither an expression nor plain words; empty if it can."""
    return "" if _WORDS.fullmatch(text) else expression_problem(text)


def is_literal(field: Field, value: Value) -> bool:
    """Whether `value` stands for itself, and is no expression."""
    if not isinstance(value, str):
        return True
    return field.type is str and (not field.setting.choices or value in field.setting.choices)


def resolve(field: Field, value: Value, scope: Mapping[str, Value], where: str = "") -> Value:
    """The value of one setting.

    Args:
        field: The setting.
        value: A literal, a choice, or an expression over `scope`.
        scope: The symbols around the node.
        where: The node, for messages.

    Raises:
        ExpressionError: If the expression cannot be read or has no value.
        SettingError: If the value has the wrong type or is out of range.
    """
    if not is_literal(field, value):
        try:
            value = evaluate(str(value), scope)
        except ExpressionError as error:
            raise ExpressionError(f"{where}: {field.name}: {error}" if where else str(error)) from None
    return field.check(value, where or "Setting")


def resolve_settings(node: Node, signature: Signature, scope: Mapping[str, Value], where: str = "") -> dict[str, Value]:
    """All settings of a node as values, with defaults where it says nothing.

    Defaults of a composite may refer to its settings before them, as its symbols do.

    Raises:
        ExpressionError: If an expression cannot be read or has no value.
        SettingError: If a value does not fit, or there is no such setting.
    """
    return _values(signature.fields, node.settings, scope, where or signature.title)


def scope(definition: Definition, outer_settings: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """The values of all symbols of a definition.

    Args:
        definition: Where the symbols are declared.
        outer_settings: Values that a use of the definition gives to them.

    Raises:
        ExpressionError: If a symbol's expression cannot be read or has no value.
        SettingError: If a value is out of range.
    """
    fields = tuple(symbol.field for symbol in definition.symbols)
    return _values(fields, outer_settings or {}, {}, definition.title)


def layers_of(node: Node, scope: Mapping[str, Value]) -> int:
    """How many layers a node has; 1 without a repeat.

    Args:
        node: A node.
        scope: The symbols around it.

    Raises:
        ExpressionError: If its repeat cannot be read or is no number of layers.
    """
    if node.repeat is None:
        return 1
    try:
        count = evaluate(str(node.repeat), scope)
    except ExpressionError as error:
        raise ExpressionError(f"repeat: {error}") from None
    if type(count) is not int or not 1 <= count <= limits.MAX_REPEAT:
        raise ExpressionError(f"repeat is {count!r}, but must be a whole number from 1 to {limits.MAX_REPEAT}.")
    return count


def known_scope(definition: Definition) -> dict[str, Value]:
    """Like `scope`, without the symbols that have no value; never raises."""
    values: dict[str, Value] = {}
    for symbol in definition.symbols:
        try:
            values[symbol.name] = resolve(symbol.field, symbol.value, values)
        except (ExpressionError, SettingError):
            continue
    return values


def _values(
    fields: tuple[Field, ...], settings: Mapping[str, Value], outer: Mapping[str, Value], where: str
) -> dict[str, Value]:
    known = [field.name for field in fields]
    for name in settings:
        if name not in known:
            raise SettingError(f"{where} has no setting {name!r}. {did_you_mean(name, known)}")
    values: dict[str, Value] = {}
    for field in fields:
        if field.name in settings:
            values[field.name] = resolve(field, settings[field.name], outer, where)
        else:
            values[field.name] = resolve(field, field.default, values, where)
    return values
