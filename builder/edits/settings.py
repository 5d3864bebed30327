"""Edits of a node's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from builder import limits
from builder.catalogue import Signature, known_scope, resolve
from builder.document import Definition, Document, Node
from builder.edits.base import check_text, home, outside_of, with_node
from builder.values import layers_of, text_problem
from engine.errors import EditError, ExpressionError, SettingError
from engine.registry import did_you_mean
from engine.settings import Value


@dataclass(frozen=True, kw_only=True)
class SetSetting:
    """Give a setting of a node a value.

    Args:
        node: Its id.
        name: The setting.
        value: A literal, a choice or an expression over the symbols around the node; `None` for the default.
        layer: Index of the one layer it is meant for, of a repeated composite; `None` is all.
        at: The definition; empty is the root.
    """

    node: str
    name: str
    value: Value | None
    layer: int | None = None
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Set {self.name} of {self.node}" + (f", layer {self.layer}" if self.layer is not None else "")

    def apply(self, document: Document) -> Document:
        """Return `document` with the setting.

        Raises:
            EditError: If there is no such setting or layer, the expression cannot be read, or the value does not fit.
        """
        here = home(document, self.at)
        found = outside_of(document, here, self.node)
        if self.value is not None:
            check_setting(here, found, self.node, self.name, self.value)
        node = here.nodes[self.node]
        if self.layer is None:
            changed = with_node(here, self.node, settings=self._changed(node.settings))
        else:
            self._check_layer(here, node)
            layers = {**node.overrides, self.layer: self._changed(node.overrides.get(self.layer, {}))}
            layers = {index: layers[index] for index in sorted(layers) if layers[index]}
            changed = with_node(here, self.node, overrides=layers)
        return document.with_definition(changed)

    def _changed(self, settings: Mapping[str, Value]) -> dict[str, Value]:
        left = {name: value for name, value in settings.items() if name != self.name or self.value is not None}
        return left if self.value is None else {**left, self.name: self.value}

    def _check_layer(self, here: Definition, node: Node) -> None:
        if node.repeat is None:
            raise EditError(f"{self.node} has no layer {self.layer}. Repeat it first.")
        most = most_layers(here, node)
        if self.layer not in range(most):
            raise EditError(f"{self.node} has no layer {self.layer}. Name one from 0 to {most - 1}.")


def most_layers(here: Definition, node: Node) -> int:
    """How many layers a repeated node has; the most that are allowed where that has no value."""
    try:
        return layers_of(node, known_scope(here))
    except ExpressionError:
        return limits.MAX_REPEAT


def check_setting(here: Definition, found: Signature, node: str, name: str, value: Value) -> None:
    """Refuse a value that a setting of `node` cannot have.

    Raises:
        EditError: If so, with the reason.
    """
    field = found.field(name)
    if field is None:
        hint = did_you_mean(name, [field.name for field in found.fields])
        raise EditError(f"{node} ({found.title}) has no setting {name!r}. {hint}")
    check_size(name, value)
    try:
        resolve(field, value, known_scope(here), node)
    except (ExpressionError, SettingError) as error:
        raise EditError(str(error)) from None


def check_size(name: str, value: Value) -> None:
    """Refuse numbers and texts that no file may hold.

    Raises:
        EditError: If so.
    """
    if isinstance(value, str):
        check_text(value)
        if problem := text_problem(value):
            raise EditError(f"{name}: {problem}")
    elif not isinstance(value, int | float) or not abs(value) <= limits.MAX_NUMBER:
        raise EditError(f"{name} must be text, on or off, or a number up to {limits.MAX_NUMBER:,}.")
