"""What is known around the nodes of a definition before shapes are: their kinds, settings, sources and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from builder.catalogue import Signature, node_signature, outside, signature
from builder.document import Definition, Document, Node, PortRef
from builder.expressions import names_in
from builder.memo import Memo
from builder.values import known_scope, resolve
from engine.blocks.spec import CATALOGUE
from engine.errors import ExpressionError, SettingError
from engine.ports import Port
from engine.settings import Config, Field, Value

Worth = tuple[tuple[str, Value | None], ...]


@dataclass(frozen=True, kw_only=True)
class BadSetting:
    """A setting that has no value.

    Args:
        name: The setting.
        value: What stands there.
        reason: Why it has no value.
        field: Its declaration; `None` if the block has no such setting.
        layer: The layer it is meant for, of a repeated composite.
        readable: Whether it has a value, which does not fit.
        better: A value that fits the other settings, if it does not go together with them.
    """

    name: str
    value: Value
    reason: str
    field: Field | None
    layer: int | None = None
    readable: bool = True
    better: Value | None = None


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A definition with values for its symbols.

    Args:
        definition: What is looked at.
        scope: The values of its symbols, without those that have none.
        signatures: The outside of each node; `None` for missing blocks.
        worth: The settings of each node, with defaults; `None` for those that have no value.
        bad: Settings without a value, by node.
        kinds: The outside of each kind in use; `None` for missing blocks.
    """

    definition: Definition
    scope: Mapping[str, Value]
    signatures: Mapping[str, Signature | None]
    worth: Mapping[str, Worth]
    bad: Mapping[str, tuple[BadSetting, ...]]
    kinds: Mapping[str, Signature | None]

    @cached_property
    def feeds(self) -> Mapping[PortRef, PortRef]:
        """The source of each input port that has a wire."""
        return self.definition.feeds

    @property
    def order(self) -> list[str]:
        """Ids so that each node comes after what feeds it; those in circles come last."""
        return self._sorted[0] + self._sorted[1]

    @property
    def in_circles(self) -> list[str]:
        """Nodes that wires lead back to, and those behind them."""
        return self._sorted[1]

    @cached_property
    def _sorted(self) -> tuple[list[str], list[str]]:
        waits = dict.fromkeys(self.definition.nodes, 0)
        leads: dict[str, list[str]] = {}
        for wire in self.definition.wires:
            waits[wire.target.node] += 1
            leads.setdefault(wire.source.node, []).append(wire.target.node)
        ready = [name for name, count in waits.items() if not count]
        for name in ready:
            for target in leads.get(name, ()):
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
        return ready, [name for name, count in waits.items() if count]

    def end(self, name: str) -> Port:
        """What an input or output node carries."""
        port = self.definition.nodes[name].port
        return replace(port, name=name) if port else Port(name=name)

    def settings(self, name: str) -> dict[str, Value | None]:
        """The settings of a node by name."""
        return dict(self.worth.get(name, ()))


_SURVEYS: Memo[Surroundings] = Memo(512)


def survey(document: Document, definition: Definition, scope: Mapping[str, Value]) -> Surroundings:
    """Look at a definition; the same as long as it and what it uses stay the same.

    Args:
        document: Where its nodes' kinds are declared.
        definition: What to look at.
        scope: The values of its symbols.
    """
    used = {node.kind for node in definition.nodes.values()} & document.definitions.keys()
    outsides = [interned(document, kind) for kind in sorted(used)]
    parts = (definition, *(found for found in outsides if found))
    return _SURVEYS.get(parts, tuple(scope.items()), lambda: _survey(document, definition, scope))


def _survey(document: Document, definition: Definition, scope: Mapping[str, Value]) -> Surroundings:
    used = {node.kind for node in definition.nodes.values() if not node.is_rail}
    kinds = {kind: interned(document, kind) for kind in used}
    here = tuple(scope.items())
    signatures: dict[str, Signature | None] = {}
    worth: dict[str, Worth] = {}
    bad: dict[str, tuple[BadSetting, ...]] = {}
    for name, node in definition.nodes.items():
        found = kinds[node.kind] if not node.is_rail else node_signature(document, node, name)
        signatures[name] = found
        if found is None or node.is_rail:
            worth[name] = ()
            continue
        worth[name], wrong = settings_of(node, found, scope, here)
        if wrong:
            bad[name] = wrong
    return Surroundings(definition, scope, signatures, worth, bad, kinds)


_OUTSIDES: Memo[Signature] = Memo(2_000)
_SAME: dict[tuple[object, ...], Signature] = {}


def interned(document: Document, kind: str) -> Signature | None:
    """The outside of a kind: the same object as long as nothing about it changes."""
    if kind not in document.definitions:
        return _of_block(kind) if kind in CATALOGUE else None
    definition = document.definitions[kind]
    return _OUTSIDES.get((definition,), None, lambda: _shared(outside(definition)))


@lru_cache(maxsize=2_000)
def _of_block(kind: str) -> Signature | None:
    return signature(Document.empty(), kind)


def _shared(found: Signature) -> Signature:
    if len(_SAME) > 5_000:
        _SAME.clear()
    return _SAME.setdefault((found,), found)


_SETTINGS: Memo[tuple[Worth, tuple[BadSetting, ...]]] = Memo(20_000)


def settings_of(
    node: Node, found: Signature, scope: Mapping[str, Value], here: tuple[tuple[str, Value], ...]
) -> tuple[Worth, tuple[BadSetting, ...]]:
    """The values of a node's settings, and those that have none.

    Args:
        node: The node.
        found: Its kind.
        scope: The values of the symbols around it.
        here: The same, to remember the result by.
    """
    return _SETTINGS.get((node, found), here, lambda: _settings(node.settings, found, scope))


def layer_settings(
    around: Surroundings, name: str
) -> dict[int, tuple[dict[str, Value | None], tuple[BadSetting, ...]]]:
    """The settings of the layers of a repeated node that differ from the others, by index."""
    node, found = around.definition.nodes[name], around.signatures[name]
    if found is None:
        return {}
    layers = {}
    for index, own in node.overrides.items():
        values, bad = _settings({**node.settings, **own}, found, around.scope)
        layers[index] = (dict(values), tuple(replace(b, layer=index) for b in bad if b.name in own))
    return layers


def _settings(
    given: Mapping[str, Value], found: Signature, scope: Mapping[str, Value]
) -> tuple[Worth, tuple[BadSetting, ...]]:
    known = {field.name for field in found.fields}
    bad = [
        BadSetting(name=name, value=value, reason=f"{found.title} has no setting {name!r}.", field=None)
        for name, value in given.items()
        if name not in known
    ]
    values: dict[str, Value] = {}
    for field in found.fields:
        mine = field.name in given
        value = given[field.name] if mine else field.default
        try:
            values[field.name] = resolve(field, value, scope if mine else values, found.title)
        except (ExpressionError, SettingError) as error:
            if mine:
                readable = isinstance(error, SettingError)
                bad.append(BadSetting(name=field.name, value=value, reason=str(error), field=field, readable=readable))
    if not bad and not found.composite and len(values) == len(found.fields):
        bad += _conflicts(found, values)
        values = {name: value for name, value in values.items() if all(name != b.name for b in bad)}
    return tuple((f.name, values.get(f.name)) for f in found.fields), tuple(bad)


def _conflicts(found: Signature, values: Mapping[str, Value]) -> list[BadSetting]:
    """Settings of a block that do not go together."""
    config = CATALOGUE[found.kind].config
    if config.conflicts is Config.conflicts:
        return []
    fields = {field.name: field for field in found.fields}
    return [
        BadSetting(
            name=c.name, value=values[c.name], reason=f"{found.title}: {c.reason}", field=fields[c.name],
            better=c.better,
        )
        for c in config.conflicts_of(values)
    ]  # fmt: skip


def inner_scope(definition: Definition, settings: Mapping[str, Value | None]) -> dict[str, Value]:
    """The values of a composite's symbols under the settings of one use; defaults where they have none."""
    defaults = known_scope(definition)
    values = {symbol.name: settings.get(symbol.name) for symbol in definition.symbols}
    mixed = {name: defaults.get(name) if value is None else value for name, value in values.items()}
    return {name: value for name, value in mixed.items() if value is not None}


def valueless(around: Surroundings, problem: BadSetting) -> bool:
    """Whether a setting has no value only because a symbol it names has none, which is reported there."""
    declared = {symbol.name for symbol in around.definition.symbols} - around.scope.keys()
    return isinstance(problem.value, str) and bool(names_in(problem.value) & declared)
