"""What an emitter sees of a node: its settings as Python, and what is wired to it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from builder.codegen import values
from builder.codegen.letters import Letters
from builder.codegen.partlist import Parts
from builder.codegen.text import literal
from builder.codegen.tree import Call
from builder.codegen.units import Unit
from builder.document import PortRef
from builder.expressions import evaluate
from engine.settings import Field, Value

DROPPED = ("dropout", "p")  # settings that say which share of a value is dropped


@dataclass(frozen=True)
class Emission:
    """A node as code.

    Args:
        call: The expression for what comes out, with a `tree.Port` where an input's value belongs.
        make: The expression that builds its module; `None` if it has none.
        starts: Statements that draw its starting values, where they are not those of `init_weights`.
    """

    call: object
    make: Call | None = None
    starts: tuple[str, ...] = ()


class Holdings:
    """What a class keeps for its forward: arguments and modules without weights. State: grows as emitters ask.

    Args:
        unit: The class.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.arguments: set[str] = set()
        self.kept: dict[str, str] = {}
        self._blocks = {name for name, node in unit.definition.nodes.items() if not node.is_rail}

    def symbol(self, name: str) -> ast.expr:
        """A symbol as an expression in `__init__`."""
        value = None if self.unit.root else self.unit.settled(name)
        if value is not None:
            return ast.Constant(value)
        self.arguments.add(name)
        return values.name(f"config.{name}" if self.unit.root else name)

    def keep_own(self, block: str, made: str) -> str:
        """Keep a number in the place of a block that needs no module; gives how it is read in the forward."""
        self.kept[block] = made
        return f"self.{block}"

    def keep(self, attribute: str, made: str) -> str:
        """Keep a value for the forward; gives how it is read there."""
        name = attribute
        while name in self._blocks or self.kept.get(name, made) != made:
            name = f"{name}_value" if name == attribute else f"{name}_"
        self.kept[name] = made
        return f"self.{name}"


class Site:
    """A node in its class, as emitters see it.

    Args:
        name: Its id.
        fields: Its settings' declarations.
        given: What the node says of them.
        holdings: What its class keeps.
        parts: What the file includes.
        letters: Shapes around the node.
    """

    def __init__(
        self,
        name: str,
        fields: Mapping[str, Field],
        given: Mapping[str, Value],
        holdings: Holdings,
        parts: Parts,
        letters: Letters,
    ) -> None:
        self.name, self._fields, self._given, self._holdings = name, fields, given, holdings
        self.part, self.include, self._letters = parts.name, parts.include, letters
        self.unit = holdings.unit
        self.wired = self.unit.there.wired(name)

    @property
    def me(self) -> str:
        """The node's module, as the forward calls it."""
        return f"self.{self.name}"

    def possible(self, setting: str) -> frozenset[Value] | None:
        """The values that a setting may have; `None` for any."""
        tree = self._tree(setting)
        if isinstance(tree, ast.Name):
            return self.unit.possible(tree.id)
        value = self._settled(tree)
        return None if value is None else frozenset({value})

    def value(self, setting: str) -> Value | None:
        """The value of a setting, if it has the same one everywhere and always; else `None`."""
        return self._settled(self._tree(setting))

    def now(self, setting: str) -> Value | None:
        """The value that a setting has in the document, even if it might change; `None` if it has several."""
        value, tree = self.value(setting), self._tree(setting)
        if value is None and isinstance(tree, ast.Name) and len(found := self.unit.found.get(tree.id, set())) == 1:
            return next(iter(found))
        return value

    def among(self, setting: str, choices: frozenset[str]) -> bool | str:
        """Whether a setting is one of `choices`: known, or as an expression in `forward`."""
        possible = self.possible(setting)
        if possible is not None and possible <= choices:
            return True
        if possible is not None and not possible & choices:
            return False
        left = sorted(choices if possible is None else {str(value) for value in possible & choices})
        if len(left) == 1:
            return f"{self.run(setting)} == {literal(left[0])}"
        return f"{self.run(setting)} in ({', '.join(map(literal, left))})"

    def same(self, one: str, other: str, axis: int) -> bool:
        """Whether two inputs are known to have the same size along an axis."""
        a, b = (self._letters.raw(PortRef(self.name, port)) for port in (one, other))
        return a is not None and b is not None and max(len(a), len(b)) > axis and a[axis] == b[axis]

    def init(self, setting: str) -> str:
        """A setting as an expression in `__init__`."""
        return values.source(self._simple(values.substituted(self._tree(setting), self._holdings.symbol)))

    def run(self, setting: str) -> str:
        """A setting as an expression in `forward`."""
        tree, made = self._tree(setting), self.init(setting)
        if self.value(setting) is not None or isinstance(tree, ast.Constant):
            return made
        if isinstance(tree, ast.Name):
            return self._holdings.keep(tree.id, made)
        return self._holdings.keep(f"{self.name}_{setting}", made)

    def keep(self, attribute: str, made: str) -> str:
        """Keep something for the forward; gives how it is read there."""
        return self._holdings.keep(attribute, made)

    def keep_own(self, made: str) -> str:
        """Keep a number in the place of the block's module; gives how it is read in the forward."""
        return self._holdings.keep_own(self.name, made)

    def dropout(self, setting: str) -> str | None:
        """A module that drops entries with the chance that a setting says; `None` if it is 0."""
        if self.value(setting) == 0:
            return None
        tree = self._tree(setting)
        name = tree.id if isinstance(tree, ast.Name) else "dropout"
        return self._holdings.keep(name, f"nn.Dropout({self.init(setting)})")

    def draws(self) -> bool:
        """Whether the node may draw random numbers in training, by a share to drop that is not always 0."""
        return any(self.value(name) != 0 for name in DROPPED if name in self._fields)

    def sure(self, port: str) -> bool:
        """Whether a value always comes to a port."""
        source = self.unit.feed(self.name, port)
        return source is not None and not self.unit.is_unsure(source)

    def _tree(self, setting: str) -> ast.expr:
        field = self._fields[setting]
        return values.read(field, self._given.get(setting, field.default))

    def _settled(self, tree: ast.expr) -> Value | None:
        if isinstance(tree, ast.Constant):
            return values.constant(tree)
        settled = {name: None if self.unit.root else self.unit.settled(name) for name in values.names(tree)}
        known = {name: value for name, value in settled.items() if value is not None}
        return evaluate(ast.unparse(tree), known) if len(known) == len(settled) else None

    def _simple(self, tree: ast.expr) -> ast.expr:
        """A calculation without names as the number it comes to."""
        if isinstance(tree, ast.Constant) or any(isinstance(node, ast.Name) for node in ast.walk(tree)):
            return tree
        return ast.Constant(evaluate(ast.unparse(tree), {}))
