"""What blocks there are: signatures of blocks and composites, their settings' values, and the palette."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import engine.blocks  # noqa: F401  (declares all blocks)
from builder.composites import LIBRARY
from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, Node
from builder.values import is_literal, known_scope, resolve, resolve_settings, scope
from engine.blocks.spec import CATALOGUE, FAMILIES, BlockSpec
from engine.ports import Port
from engine.settings import Field

__all__ = [
    "Signature", "block_inputs", "is_literal", "known_scope", "node_signature", "outside", "palette", "resolve",
    "resolve_settings", "scope", "search", "signature",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The outside of a block or composite: all that a graph around it may know.

    Args:
        kind: What nodes that use it have as their kind.
        title: What the palette calls it.
        family: Its group in the palette.
        about: What it does.
        formula: What it computes.
        paper: Where it comes from.
        fields: Its settings.
        inputs: Ports that wires end at.
        outputs: Ports that wires begin at, and watch ports.
        composite: Whether it is a definition and can be opened.
        even: Divisions of sizes that must come out without a rest.
    """

    kind: str
    title: str
    family: str
    about: str = ""
    formula: str = ""
    paper: str = ""
    fields: tuple[Field, ...] = ()
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    composite: bool = False
    even: tuple[str, ...] = ()

    def input(self, name: str) -> Port | None:
        """The input port called `name`."""
        return next((port for port in self.inputs if port.name == name), None)

    def output(self, name: str) -> Port | None:
        """The output port called `name`."""
        return next((port for port in self.outputs if port.name == name), None)

    def field(self, name: str) -> Field | None:
        """The setting called `name`."""
        return next((field for field in self.fields if field.name == name), None)


def signature(document: Document, kind: str) -> Signature | None:
    """The outside of a block, or of a composite of `document`; `None` for a missing block."""
    if kind in document.definitions:
        return outside(document.definitions[kind])
    return _of_block(CATALOGUE[kind]) if kind in CATALOGUE else None


def block_inputs(kind: str) -> tuple[Port, ...]:
    """The input ports of a block; none for a missing one."""
    return CATALOGUE[kind].inputs if kind in CATALOGUE else ()


def node_signature(document: Document, node: Node, name: str) -> Signature | None:
    """Like `signature`, and for an end of the definition the one port it has inside."""
    if not node.is_rail:
        return signature(document, node.kind)
    port = replace(node.port or Port(name=name), name=RAIL_PORT)
    if node.kind == INPUT:
        inward = replace(port, optional=False)
        return Signature(kind=node.kind, title="Input", family="Norm and wiring", outputs=(inward,))
    return Signature(kind=node.kind, title="Output", family="Norm and wiring", inputs=(port,))


def outside(definition: Definition) -> Signature:
    """A definition as its users see it: its symbols are settings, its ends are ports."""
    return Signature(
        kind=definition.name,
        title=definition.title,
        family=definition.family,
        about=definition.about,
        formula=definition.formula,
        paper=definition.paper,
        fields=tuple(symbol.field for symbol in definition.symbols),
        inputs=definition.inputs,
        outputs=definition.outputs,
        composite=True,
    )


def _of_block(spec: BlockSpec) -> Signature:
    return Signature(
        kind=spec.kind,
        title=spec.title,
        family=spec.family,
        about=spec.about,
        formula=spec.formula,
        paper=spec.paper,
        fields=spec.config.fields(),
        inputs=spec.inputs,
        outputs=spec.outputs,
        even=spec.even,
    )


def palette(document: Document | None = None) -> list[Signature]:
    """All that can be put on the canvas, family by family in the order of `FAMILIES`.

    Args:
        document: Its own composites are offered too, instead of the library's of the same name.
    """
    own = {} if document is None else {**document.definitions}
    own.pop(document.root if document else "", None)
    ends = [node_signature(Document.empty(), Node(kind=kind), kind) for kind in (INPUT, OUTPUT)]
    blocks = [_of_block(spec) for spec in CATALOGUE.values()]
    parts = [outside(definition) for definition in {**LIBRARY, **own}.values()]
    entries = [entry for entry in (*blocks, *parts, *ends) if entry is not None]
    rank = {family: place for place, family in enumerate(FAMILIES)}
    return sorted(entries, key=lambda entry: rank.get(entry.family, len(rank)))


def search(entries: Iterable[Signature], text: str) -> list[Signature]:
    """The entries that `text` means, the best first; all of them if it is blank.

    Every word must occur, at least as letters in this order; the start of a title counts most, what a block
    does least.
    """
    words = text.lower().split()
    ranked = [(_rank(entry, words), place, entry) for place, entry in enumerate(entries)]
    return [entry for rank, _, entry in sorted(ranked, key=lambda item: item[:2]) if rank < _NO_MATCH]


_NO_MATCH = 9


def _rank(entry: Signature, words: list[str]) -> int:
    return max((_word_rank(entry, word) for word in words), default=0)


def _word_rank(entry: Signature, word: str) -> int:
    title = entry.title.lower()
    if title.startswith(word):
        return 0
    if any(part.startswith(word) for part in re.split(r"[\s_-]+", f"{title} {entry.kind}")):
        return 1
    if word in title or word in entry.kind:
        return 2
    if word in f"{entry.family} {entry.about} {entry.paper}".lower():
        return 3
    letters = iter(title)
    return 4 if all(letter in letters for letter in word) else _NO_MATCH
