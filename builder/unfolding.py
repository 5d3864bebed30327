"""How many parts a model becomes when it is built: each use of a composite and each of its layers anew.

A file of a few kilobytes can unfold to millions of blocks. They are counted here without unfolding anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder import limits
from builder.document import Definition, Document
from builder.memo import Memo
from builder.surroundings import Surroundings, inner_scope, layer_settings, survey
from builder.values import known_scope, layers_of
from engine.errors import ExpressionError
from engine.settings import Value


@dataclass(frozen=True, kw_only=True)
class Unfolded:
    """What a model becomes.

    Args:
        parts: The number of blocks and composites that each node of the root becomes, itself counted.
        uses: In how many ways composites are used that differ in their settings; counting ends with one too many.
    """

    parts: Mapping[str, int]
    uses: int

    @property
    def problem(self) -> str:
        """Why such a model is not built, and how to go on; empty if it may be."""
        return limits.too_many_parts(sum(self.parts.values()), self.uses)


_WHOLE: Memo[Unfolded] = Memo(64)


def unfolded(document: Document) -> Unfolded:
    """Count the parts of a model, however wrong it is."""
    return _WHOLE.get((document,), None, lambda: _unfolded(document))


def _unfolded(document: Document) -> Unfolded:
    count = _Count(document)
    parts = count.nodes(document.main, known_scope(document.main))
    return Unfolded(parts=parts, uses=len(count.known))


@dataclass(frozen=True)
class _Count:
    """Counts parts. State: what was counted, by definition and settings, and what is being counted.

    Args:
        document: The model.
    """

    document: Document
    known: dict[tuple[object, ...], int] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def nodes(self, here: Definition, scope: Mapping[str, Value]) -> dict[str, int]:
        """The parts of each node of a definition."""
        blocks = {name: 1 for name, node in here.nodes.items() if not node.is_rail}
        used = {name for name in blocks if here.nodes[name].kind in self.document.definitions}
        around = survey(self.document, here, scope) if used else None
        return blocks | {name: self._composite(around, name) for name in used if around}

    def _composite(self, around: Surroundings, name: str) -> int:
        """A composite and what is inside, in all its layers."""
        node = around.definition.nodes[name]
        try:
            layers = layers_of(node, around.scope)
        except ExpressionError:  # which is reported elsewhere
            layers = 1
        inner = self.document.definitions[node.kind]
        special = [settings for index, (settings, _) in layer_settings(around, name).items() if index < layers]
        own = [self._use(inner, settings) for settings in special]
        rest = layers - len(own)
        return sum(own) + (rest * self._use(inner, around.settings(name)) if rest else 0)

    def _use(self, definition: Definition, settings: Mapping[str, Value | None]) -> int:
        """One use of a definition; one that holds itself counts nothing more."""
        scope = inner_scope(definition, settings)
        key = (definition.name, *scope.items())
        if key not in self.known and (definition.name in self.begun or len(self.known) > limits.MAX_USES):
            return 0
        if key not in self.known:
            self.known[key] = 0
            self.begun.add(definition.name)
            self.known[key] = 1 + sum(self.nodes(definition, scope).values())
            self.begun.remove(definition.name)
        return self.known[key]
