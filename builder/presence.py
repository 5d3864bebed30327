"""What is there when an optional input of a definition stays without a wire. Pure graph logic, no tensors.

The rule: **absence spreads along required ports and stops at optional ones.** A node whose required port hangs on
something absent is absent itself, and so is what hangs on it; an optional port that hangs on something absent is
simply not given. An output of a composite is absent where it is absent inside. So a decoder block without a
`memory` has no cross-attention: the attention, its residual add and its norm are absent, and the block `either`, whose
port `branch` is optional, goes on with what came before them.

A required port without any wire is no case of absence but a mistake, which rules and the compiler report.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Document, PortRef
from engine.ports import Port

PortsOf = Callable[[str], Iterable[Port]]


@dataclass(frozen=True, kw_only=True)
class Presence:
    """What is there in one use of a definition.

    Args:
        nodes: Ids of the nodes that are there.
        feeds: The source of each input port that gets something, without wires that carry nothing.
        order: Ids of the nodes that are there, each after what feeds it.
        missing: Outputs of composites among them that are not there.
    """

    nodes: frozenset[str]
    feeds: Mapping[PortRef, PortRef]
    order: tuple[str, ...]
    missing: frozenset[PortRef] = frozenset()

    def wired(self, node: str) -> frozenset[str]:
        """The input ports of `node` that get something."""
        return frozenset(target.port for target in self.feeds if target.node == node)


def presence(document: Document, definition: Definition, given: Collection[str] | None, inputs_of: PortsOf) -> Presence:
    """Find what is there in a definition.

    Args:
        document: Where the composites it uses are declared.
        definition: What to look at.
        given: Names of its inputs that get something; `None` if all do, as those of a whole model.
        inputs_of: The input ports of a block, by its kind.

    Raises:
        DocumentError: If the wires form a circle.
    """
    names = {port.name for port in definition.inputs}
    search = _Search(document, inputs_of, {})
    return search.look(definition, frozenset(names if given is None else names & set(given)))


def present(
    document: Document, definition: Definition, given: Collection[str] | None, inputs_of: PortsOf
) -> frozenset[str]:
    """Ids of the nodes that are there; the arguments are those of `presence`."""
    return presence(document, definition, given, inputs_of).nodes


@dataclass(frozen=True)
class _Search:
    document: Document
    inputs_of: PortsOf
    known: dict[tuple[str, frozenset[str]], Presence]

    def look(self, definition: Definition, given: frozenset[str]) -> Presence:
        """What is there in a definition whose inputs `given` are fed; found once and remembered."""
        key = (definition.name, given)
        if key not in self.known:
            # Holds within a definition that holds itself, so that the search ends.
            self.known[key] = Presence(nodes=frozenset(definition.nodes), feeds={}, order=())
            self.known[key] = self._look(definition, given)
        return self.known[key]

    def _look(self, definition: Definition, given: frozenset[str]) -> Presence:
        order: list[str] = []
        feeds: dict[PortRef, PortRef] = {}
        gone: set[PortRef] = set()
        sources = _by_node(definition)
        for name in definition.order():
            wires = sources.get(name, {})
            empty = {port for port, source in wires.items() if source in gone or source.node not in order}
            if definition.nodes[name].kind == INPUT:
                absent = name not in given
            else:
                absent = bool(empty & self._required(definition, name))
            if absent:
                continue
            order.append(name)
            feeds |= {PortRef(name, port): s for port, s in wires.items() if port not in empty}
            gone |= self._missing_outputs(definition, name, wires.keys() - empty)
        return Presence(nodes=frozenset(order), feeds=feeds, order=tuple(order), missing=frozenset(gone))

    def _required(self, definition: Definition, name: str) -> set[str]:
        node = definition.nodes[name]
        if node.kind == OUTPUT:
            return {RAIL_PORT}
        inner = self.document.definitions.get(node.kind)
        ports = inner.inputs if inner else self.inputs_of(node.kind)
        return {port.name for port in ports if not port.optional}

    def _missing_outputs(self, definition: Definition, name: str, wired: Collection[str]) -> set[PortRef]:
        """Outputs of a composite that are absent inside it."""
        inner = self.document.definitions.get(definition.nodes[name].kind)
        if inner is None:
            return set()
        given = {port.name for port in inner.inputs if not port.optional or port.name in wired}
        inside = self.look(inner, frozenset(given))
        return {PortRef(name, port.name) for port in inner.outputs if port.name not in inside.nodes}


def _by_node(definition: Definition) -> dict[str, dict[str, PortRef]]:
    found: dict[str, dict[str, PortRef]] = {}
    for target, source in definition.feeds.items():
        found.setdefault(target.node, {})[target.port] = source
    return found
