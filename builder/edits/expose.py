"""Which inner settings a composite shows outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from builder import names
from builder.catalogue import is_literal, signature
from builder.document import Definition, Document, Node, Symbol
from builder.edits.base import home, outside_of
from builder.edits.settings import SetSetting
from builder.edits.symbol_uses import in_uses, meaning, rewritten
from builder.edits.symbols import AddSymbol, place_of, rekeyed, with_checked_symbols
from builder.expressions import substituted
from engine.errors import EditError
from engine.registry import did_you_mean
from engine.settings import Field, Value


@dataclass(frozen=True, kw_only=True)
class ExposeSetting:
    """Make a setting of a node one of the composite around it, or a size of the model.

    The new symbol begins with what the setting is now, so that nothing changes until a use gives it another value.

    Args:
        node: Its id.
        name: The setting.
        symbol: What to call it outside; empty takes the setting's name, with the node's before it if that is taken.
        at: The definition; empty is the root.
    """

    node: str
    name: str
    symbol: str = ""
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Expose {self.name} of {self.node}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the symbol, and the setting worth it.

        Raises:
            EditError: If there is no such setting, it is exposed already, or the name is taken.
        """
        here = home(document, self.at)
        found = outside_of(document, here, self.node)
        field = found.field(self.name)
        if field is None:
            hint = did_you_mean(self.name, [field.name for field in found.fields])
            raise EditError(f"{self.node} ({found.title}) has no setting {self.name!r}. {hint}")
        value = meaning(found, here.nodes[self.node].settings)[self.name]
        self._check(here, field, value)
        symbol = self.symbol or self._free_name(here, field)
        add = AddSymbol(name=symbol, value=value, type=field.type, setting=field.setting, at=self.at)
        return SetSetting(node=self.node, name=self.name, value=symbol, at=self.at).apply(add.apply(document))

    def _check(self, here: Definition, field: Field, value: Value) -> None:
        if value in [symbol.name for symbol in here.symbols] and not is_literal(field, value):
            raise EditError(f"{self.name} of {self.node} is exposed already: it is {value}. Set that one outside.")
        if field.type is str and not field.setting.choices:
            raise EditError(
                f"{self.name} of {self.node} is free text, which cannot be passed from outside. Set it here."
            )

    def _free_name(self, here: Definition, field: Field) -> str:
        taken = {symbol.name for symbol in here.symbols} | set(field.setting.choices)
        return names.fresh(self.name if names.slug(self.name) not in taken else f"{self.node}_{self.name}", taken)


@dataclass(frozen=True, kw_only=True)
class HideSetting:
    """Take a setting of a composite inward again, as the one value that all uses give it.

    Args:
        name: The symbol of the definition.
        at: The definition; empty is the root.
    """

    name: str
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Hide {self.name}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the value in the place of the symbol.

        Raises:
            EditError: If there is no such symbol, or uses give it different values or what is a size of theirs.
        """
        here = home(document, self.at)
        place = place_of(here, self.name)
        value = self._value(document, here.symbols[place])
        left = [_inlined(symbol, self.name, value) for symbol in here.symbols if symbol.name != self.name]
        nodes = {
            key: rewritten(signature(document, node.kind), node, {self.name: value}) for key, node in here.nodes.items()
        }
        changed = {key: node for key, node in nodes.items() if node != here.nodes[key]}
        document = document.with_definition(with_checked_symbols(here, left).with_nodes(changed))
        return in_uses(document, here.name, lambda settings: rekeyed(settings, self.name, None))

    def _value(self, document: Document, symbol: Symbol) -> Value:
        """What all uses agree on.

        Raises:
            EditError: If they do not.
        """
        given = list(self._given(document, symbol))
        for where, value, constant in given:
            if not constant or (type(value), value) != (type(given[0][1]), given[0][1]):
                listed = ", ".join(f"{place} has {text}" for place, text, _ in given[:4])
                raise EditError(
                    f"{self.name} is not one value everywhere: {listed}. Give {where} a plain value that all others "
                    "have too, or leave it exposed."
                )
        return given[0][1] if given else symbol.value

    def _given(self, document: Document, symbol: Symbol) -> Iterator[tuple[str, Value, bool]]:
        """What each use makes of the symbol, and whether that means the same inside."""
        for outer, name in document.uses(self.at or document.root):
            node = document.definitions[outer].nodes[name]
            own = node.settings.get(self.name)
            value = symbol.value if own is None else own
            yield f"{outer}.{name}", value, own is None or is_literal(symbol.field, value)
            for index, layer in _layers_with(node, self.name):
                yield f"layer {index} of {outer}.{name}", layer, is_literal(symbol.field, layer)


def _layers_with(node: Node, name: str) -> Iterator[tuple[int, Value]]:
    return ((index, settings[name]) for index, settings in node.overrides.items() if name in settings)


def _inlined(symbol: Symbol, name: str, value: Value) -> Symbol:
    if is_literal(symbol.field, symbol.value):
        return symbol
    return replace(symbol, value=substituted(str(symbol.value), {name: value}))
