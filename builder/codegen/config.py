"""The settings of the generated model: a frozen dataclass made of the root's symbols."""

from __future__ import annotations

from builder.codegen import text, values
from builder.document import Definition, Symbol
from builder.values import resolve


def lines(definition: Definition) -> list[str]:
    """`class Config`, with a property for each symbol that follows from others.

    Args:
        definition: The root.
    """
    trees = {symbol.name: values.read(symbol.field, symbol.value) for symbol in definition.symbols}
    plain = [s for s in definition.symbols if not values.names(trees[s.name])]
    following = [s for s in definition.symbols if values.names(trees[s.name])]
    fields = _fields([(f"{s.name}: {s.type.__name__} = {_value(s)}", text.remark(s.setting.about)) for s in plain])
    found = ["@dataclass(frozen=True)", "class Config:", '    """Settings of the model."""']
    if fields:
        found += ["", *fields]
    for symbol in following:
        tree = values.substituted(trees[symbol.name], lambda name: values.name(f"self.{name}"))
        found += ["", *_property(symbol, values.source(tree))]
    return found


def _value(symbol: Symbol) -> str:
    return text.literal(resolve(symbol.field, symbol.value, {}))


def _fields(entries: list[tuple[str, str]]) -> list[str]:
    """Each field with its comment behind it, or above it if one of them has no room."""
    behind = [f"    {field}  # {about}" if about else f"    {field}" for field, about in entries]
    if all(text.width(line) <= text.WIDTH for line in behind):
        return behind
    found: list[str] = []
    for field, about in entries:
        found += [*(text.wrapped(about, text.WIDTH, "    # ", "    # ") if about else []), f"    {field}"]
    return found


def _property(symbol: Symbol, made: str) -> list[str]:
    summary, about = text.summary(
        symbol.setting.about, f"The value of {symbol.name}, which follows from others", " " * 8
    )
    return [
        "    @property",
        f"    def {symbol.name}(self) -> {symbol.type.__name__}:",
        *text.docstring(summary, [text.wrapped(about, text.WIDTH - 8)], " " * 8),
        f"        return {made}",
    ]
