"""Edits that mend problems by other settings, symbols and declarations."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from builder import dims, rewiring
from builder.diagnostics import Fix
from builder.document import INPUT, PortRef, Wire
from builder.edits import SetPort, SetSetting, SetSymbol
from builder.values import is_literal, resolve, scope
from engine.errors import ExpressionError, SettingError
from engine.settings import Field, Value

if TYPE_CHECKING:
    from builder.dims import Shape
    from builder.edits import Edit
    from builder.rules.base import View
    from builder.shapes import Clash


def set_setting(view: View, node: str, name: str, value: Value, like: Value = "") -> Fix | None:
    """Give a setting a value; `None` if it cannot have it.

    Args:
        view: Where the node is.
        node: Its id.
        name: The setting.
        value: What it should be worth.
        like: What stands at the other end of a wire; written too if it is a formula worth `value`.
    """
    kind = view.around.signatures[node]
    field = kind.field(name) if kind else None
    if field is None:
        return None
    known = view.around.scope
    formulas = [text for text in (name, like) if isinstance(text, str) and _worth(field, text, known) == value]
    written = formulas[0] if formulas else value
    if _worth(field, written, known) is None:
        return None
    shown = f"{written} ({value})" if written != value else str(value)
    edit = SetSetting(node=node, name=name, value=written, at=view.name)
    return Fix(label=f"Set {name} of {node} to {shown}", edit=edit)


def _worth(field: Field, value: Value, known: Mapping[str, Value]) -> Value | None:
    try:
        return resolve(field, value, known)
    except (ExpressionError, SettingError):
        return None


def set_at_origin(view: View, node: str, name: str, value: Value) -> Fix | None:
    """Give a setting a value where it comes from: at the node, at a use further out, or at a symbol of the model.

    Args:
        view: Where the node is.
        node: Its id.
        name: The setting.
        value: What it should be worth.
    """
    kind = view.around.signatures[node]
    field = kind.field(name) if kind else None
    if field is None:
        return None
    written = view.definition.nodes[node].settings.get(name, field.default)
    if node_has(view, node, name) and not is_literal(field, written) and written in view.around.scope:
        if view.trail:
            outer, use = view.trail[-1]
            return set_at_origin(outer, use, str(written), value)
        return set_symbol(view, str(written), value)
    return set_setting(view, node, name, value)


def node_has(view: View, node: str, name: str) -> bool:
    """Whether a node says itself what a setting is, and not its kind's default."""
    return name in view.definition.nodes[node].settings


def set_symbol(view: View, name: str, value: Value) -> Fix | None:
    """Give a symbol of the definition a value; one that is another symbol passes it on."""
    symbol = next((s for s in view.definition.symbols if s.name == name), None)
    if symbol is None:
        return None
    if not is_literal(symbol.field, symbol.value) and symbol.value in view.around.scope:
        return set_symbol(view, str(symbol.value), value)
    changed = [replace(s, value=value) if s is symbol else s for s in view.definition.symbols]
    try:
        scope(view.definition.with_symbols(changed))
    except (ExpressionError, SettingError):
        return None
    return Fix(label=f"Set {name} to {value}", edit=SetSymbol(name=name, value=value, at=view.name))


def for_clash(view: View, clash: Clash) -> list[Fix]:
    """Edits for a wire whose shape does not fit, the likeliest first; the last one removes the wire."""
    target = clash.port
    source = view.around.feeds[target]
    consumer, producer = _resize(view, target, clash, into=True), _resize(view, source, clash, into=False)
    sized = [fix for fix in (consumer, producer) if fix]
    sized.sort(key=lambda fix: not _is_symbolic(fix.edit))
    between = rewiring.adapter(view, Wire(source, target), clash)
    return [*sized, *([between] if between else []), rewiring.remove_wire(view, Wire(source, target))]


def _is_symbolic(edit: Edit) -> bool:
    return isinstance(edit, SetSetting) and isinstance(edit.value, str)


def _resize(view: View, port: PortRef, clash: Clash, *, into: bool) -> Fix | None:
    """Make the block at one end of a wire fit the other end."""
    have, want = (clash.wanted, clash.carried) if into else (clash.carried, clash.wanted)
    if want is None:
        return None
    if view.definition.nodes[port.node].is_rail:
        return _reshape(view, port.node, want)
    if have is None or len(have) != len(want):
        return None
    places = [place for place, (a, b) in enumerate(zip(have, want, strict=True)) if not dims.agree(a, b)]
    value = want[places[0]].value if len(places) == 1 else None
    if value is None:
        return None
    place = places[0] - len(want)
    source, target = view.around.feeds[clash.port], clash.port
    name = _setting_at(view, port, place, into=into)
    other = _written_at(view, source if into else target, place, into=not into)
    return set_setting(view, port.node, name, value, other) if name else None


def _setting_at(view: View, port: PortRef, place: int, *, into: bool) -> str:
    """The setting that is the size of a port's dimension, counted from the end; empty if it is none."""
    kind = view.around.signatures[port.node]
    declared = (kind.input(port.port) if into else kind.output(port.port)) if kind else None
    settings = view.around.settings(port.node)
    sizes = dims.chosen(dims.pattern(declared.shape), settings).dims if declared else ()
    dim = sizes[place] if -place <= len(sizes) else None
    return dim.id if isinstance(dim, ast.Name) and not dims.is_letter(dim.id) else ""


def _written_at(view: View, port: PortRef, place: int, *, into: bool) -> Value:
    """What the setting says that is the size of a port's dimension; empty if there is none."""
    name = _setting_at(view, port, place, into=into)
    return view.definition.nodes[port.node].settings.get(name, "")


def _reshape(view: View, rail: str, want: Shape) -> Fix | None:
    """Declare an input or output of the definition with the shape that its wire has at the other end."""
    if not all(dim.known and dim.divisor == 1 for dim in want):
        return None
    words = view.around.end(rail).shape.split()
    before = words if len(words) == len(want) else [""] * len(want)
    shape = " ".join(rewiring.word(view, dim, word) for dim, word in zip(want, before, strict=True))
    if view.definition.nodes[rail].kind == INPUT and any(dim.names for dim in want):
        return None
    edit = SetPort(node=rail, shape=shape, at=view.name)
    return Fix(label=f"Declare {rail} as {shape}", edit=edit)
