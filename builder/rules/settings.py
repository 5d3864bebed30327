"""Rules about settings, symbols and repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from builder import dims, fixes, limits, rewiring
from builder.diagnostics import Fix, Where
from builder.document import Node, PortRef
from builder.edits import AddSymbol, SetRepeat, SetSetting, SetSymbol
from builder.expressions import evaluate, names_in, renamed
from builder.names import problem as bad_name
from builder.rules.base import Finding, View, rule
from builder.shapes import again
from builder.surroundings import BadSetting, layer_settings, valueless
from builder.values import known_scope, layers_of, resolve
from engine.errors import ExpressionError, SettingError
from engine.registry import did_you_mean
from engine.settings import Field, Value


@rule(
    "R003",
    "Setting cannot be read",
    why="A setting is a number, a choice, or calculated from the symbols around the block.",
)
def unreadable_setting(view: View) -> Iterator[Finding]:
    """A setting is an expression that has no value, or one the block does not have."""
    for node, problem in _bad(view):
        if (not problem.readable or problem.field is None) and not valueless(view.around, problem):
            yield _setting(view, node, problem, _for_unreadable(view, node, problem))


@rule(
    "R004",
    "Setting is out of range",
    why="Each setting has a range in which the block makes sense; outside of it the block cannot be built.",
)
def setting_out_of_range(view: View) -> Iterator[Finding]:
    """A setting has a value of the wrong type or size."""
    for node, problem in _bad(view):
        if problem.readable and problem.field is not None:
            yield _setting(view, node, problem, _for_range(view, node, problem, problem.field))


def _bad(view: View) -> Iterator[tuple[str, BadSetting]]:
    for node, problems in view.around.bad.items():
        yield from ((node, problem) for problem in problems)
    for node in [name for name, node in view.definition.nodes.items() if node.overrides]:
        for _, problems in layer_settings(view.around, node).values():
            yield from ((node, problem) for problem in problems)


def _setting(view: View, node: str, problem: BadSetting, mends: list[Fix]) -> Finding:
    layer = "" if problem.layer is None else f" of layer {problem.layer}"
    advice = f" {mends[0].label}." if mends else ""
    message = f"{node}.{problem.name}{layer}: {problem.reason}{advice}"
    where = Where(definition=view.name, node=node, port=problem.name)
    return Finding(message=message, where=where, fixes=tuple(mends))


def _for_unreadable(view: View, node: str, problem: BadSetting) -> list[Fix]:
    if problem.layer is not None:
        return []
    mends = [_corrected(view, node, problem), _declared(view, problem), _default(view, node, problem)]
    return [fix for fix in mends if fix]


def _corrected(view: View, node: str, problem: BadSetting) -> Fix | None:
    """Write the closest symbol instead of an unknown one."""
    text, known = str(problem.value), view.around.scope
    for name in sorted(names_in(text) - known.keys()):
        if close := get_close_matches(name, known, n=1):
            text = renamed(text, name, close[0])
    if problem.field is None or text == problem.value or not _fits(view, problem.field, text):
        return None
    edit = SetSetting(node=node, name=problem.name, value=text, at=view.name)
    return Fix(label=f"Set {problem.name} of {node} to {text}", edit=edit)


def _fits(view: View, field: Field, value: Value) -> bool:
    try:
        resolve(field, value, view.around.scope)
    except (ExpressionError, SettingError):
        return False
    return True


def _declared(view: View, problem: BadSetting) -> Fix | None:
    """Declare the symbol that is missing."""
    name, field = str(problem.value).strip(), problem.field
    known = {symbol.name for symbol in view.definition.symbols}
    if field is None or name in known or names_in(name) != {name} or bad_name(name):
        return None
    start = field.default
    if isinstance(start, str) and field.type is not str:
        return None
    edit = AddSymbol(name=name, value=start, type=field.type, setting=field.setting, at=view.name)
    return Fix(label=f"Add a symbol {name} = {start}", edit=edit)


def _default(view: View, node: str, problem: BadSetting) -> Fix:
    """Go back to what the block has of itself."""
    edit = SetSetting(node=node, name=problem.name, value=None, at=view.name)
    label = f"Remove {problem.name}" if problem.field is None else f"Set {problem.name} of {node} to its default"
    return Fix(label=label, edit=edit)


def _for_range(view: View, node: str, problem: BadSetting, field: Field) -> list[Fix]:
    if problem.layer is not None:
        return []
    if problem.better is not None:
        mend = fixes.set_at_origin(view, node, problem.name, problem.better)
        return [mend] if mend else []
    nearest = _nearest(view, problem, field)
    mends = [fixes.set_at_origin(view, node, problem.name, nearest)] if nearest is not None else []
    return [*(fix for fix in mends if fix), _default(view, node, problem)]


def _nearest(view: View, problem: BadSetting, field: Field) -> Value | None:
    """The value closest to a wrong one that is allowed."""
    if field.setting.choices:
        close = get_close_matches(str(problem.value), field.setting.choices, n=1)
        return close[0] if close else None
    try:
        value = evaluate(str(problem.value), view.around.scope)
    except ExpressionError:
        return None
    if isinstance(value, str) or field.type not in (int, float):
        return None
    inside = min(max(value, field.setting.low), field.setting.high)
    return field.type(inside) if abs(inside) < limits.MAX_NUMBER else None


@rule(
    "R018",
    "Symbol has no value",
    why="All that is sized by a symbol needs its value.",
)
def valueless_symbol(view: View) -> Iterator[Finding]:
    """A symbol's expression cannot be read, or its value is out of range."""
    before: dict[str, Value] = {}
    values = known_scope(view.definition)
    for symbol in view.definition.symbols:
        try:
            before[symbol.name] = resolve(symbol.field, symbol.value, before, view.definition.title)
        except (ExpressionError, SettingError) as error:
            yield Finding(message=str(error), where=view.where(), fixes=_one_value(view, symbol.name, values))


def _one_value(view: View, name: str, values: dict[str, Value]) -> tuple[Fix, ...]:
    """A first value for a symbol, if it is the only one without."""
    missing = [symbol for symbol in view.definition.symbols if symbol.name not in values]
    symbol = missing[0]
    low = symbol.setting.low
    start: Value = symbol.setting.choices[0] if symbol.setting.choices else symbol.type(max(low, 1))
    checked = replace(symbol, value=start)
    if len(missing) > 1 or not _fits(view, checked.field, start):
        return ()
    return (Fix(label=f"Set {name} to {start}", edit=SetSymbol(name=name, value=start, at=view.name)),)


@rule(
    "R012",
    "Repeat does not work",
    why="Each layer takes what the one before gives, so what is carried must come out as it went in.",
)
def bad_repeat(view: View) -> Iterator[Finding]:
    """A repeated node is no composite, has no number of layers, or carries nothing that fits."""
    for name, node in view.definition.nodes.items():
        if node.repeat is not None and view.around.signatures[name] is not None:
            yield from _of_repeat(view, name, node)


def _of_repeat(view: View, name: str, node: Node) -> Iterator[Finding]:
    kind = view.around.signatures[name]
    assert kind is not None
    if not kind.composite:
        text = f"{name} is a single block and cannot be repeated. Put it into a composite and repeat that."
        yield Finding(message=text, where=view.where(name), fixes=(rewiring.remove_node(view, name),))
        return
    single = Fix(label=f"One layer of {name}", edit=SetRepeat(node=name, repeat=None, at=view.name))
    try:
        layers_of(node, view.around.scope)
    except ExpressionError as error:
        yield Finding(message=f"{name}: {error}", where=view.where(name), fixes=(single,))
        return
    carry = _possible_carry(view, name)
    mends = [single]
    if carry and carry != node.carry:
        edit = SetRepeat(node=name, repeat=node.repeat, carry=carry, at=view.name)
        mends.insert(0, Fix(label=f"Carry {carry[1]} to {carry[0]}", edit=edit))
    if reason := _bad_carry(view, name, node):
        yield Finding(message=reason, where=view.where(name), fixes=tuple(mends))


def _bad_carry(view: View, name: str, node: Node) -> str:
    kind = view.around.signatures[name]
    assert kind is not None
    if node.carry is None:
        return f"{name} is repeated but does not say what runs from layer to layer. Choose a port to carry."
    into, out = node.carry
    for port, found in ((into, kind.input(into)), (out, kind.output(out))):
        if found is None:
            ports = [p.name for p in (*kind.inputs, *kind.outputs)]
            return f"{name} cannot carry {port!r}. {did_you_mean(port, ports)}"
    comes, goes = view.found.shapes.get(PortRef(name, into)), view.found.shapes.get(PortRef(name, out))
    if not _same(comes, goes):
        return (
            f"{name} takes {dims.in_brackets(comes)} but hands {dims.in_brackets(goes)} to its next layer. "
            f"Make {name}.{out} the same as {name}.{into}, or use one layer."
        )
    return _bad_layer(view, name, into, out)


def _same(a: dims.Shape | None, b: dims.Shape | None) -> bool:
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(dims.agree(x, y) for x, y in zip(a, b, strict=True))


def _bad_layer(view: View, name: str, into: str, out: str) -> str:
    kind = view.around.signatures[name]
    assert kind is not None
    names = [port.name for port in kind.inputs], [port.name for port in kind.outputs]
    for index, (settings, _) in layer_settings(view.around, name).items():
        outcome = again(view.around, name, view.found, settings)
        goes = outcome.outputs[names[1].index(out)]
        if outcome.clashes or not _same(view.found.shapes.get(PortRef(name, into)), goes):
            wants = outcome.wanted[names[0].index(into)]
            return (
                f"Layer {index} of {name} wants {dims.in_brackets(wants)} and gives {dims.in_brackets(goes)}, "
                "unlike the layers around it. Give it their sizes."
            )
    return ""


def _possible_carry(view: View, name: str) -> tuple[str, str] | None:
    """The first input and output of a composite that have one kind and shape."""
    kind = view.around.signatures[name]
    assert kind is not None
    shapes = view.found.shapes
    for out in view.outputs(name):
        for into in kind.inputs:
            same = _same(shapes.get(PortRef(name, into.name)), shapes.get(PortRef(name, out.name)))
            if not into.optional and into.kind == out.kind and same:
                return into.name, out.name
    return None
