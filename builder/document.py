"""The model as a document: definitions made of nodes and wires, all frozen. Knows no tensors, no screen.

A document holds named definitions, one of which is the root. A definition is a `networkx.MultiDiGraph`
whose nodes carry a `Node` and whose edges are keyed by (source port, target port). Its own inputs and
outputs are nodes of kind `input` and `output`, so that they are drawn, moved and wired like all others;
such a node has one port, called `value`. Every change returns a new document; what did not change is
shared with the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx as nx

from builder.elements import INPUT, OUTPUT, RAIL_PORT, Node, PortRef, Promise, Symbol, Wire
from engine.errors import DocumentError
from engine.ports import Port
from engine.registry import did_you_mean

__all__ = ["INPUT", "OUTPUT", "RAIL_PORT", "Definition", "Document", "Node", "PortRef", "Promise", "Symbol", "Wire"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Definition:
    """One level of a model.

    Args:
        name: Identifier; nodes that use the definition have it as their kind.
        title: What the palette and the canvas call it.
        graph: Frozen; read it by `nodes` and `wires`.
        symbols: Named sizes, in the order in which they may refer to each other.
        about: What it does, in one or two sentences.
        formula: What it computes.
        paper: Where it comes from.
        family: Its group in the palette.
    """

    name: str
    title: str
    graph: nx.MultiDiGraph
    symbols: tuple[Symbol, ...] = ()
    about: str = ""
    formula: str = ""
    paper: str = ""
    family: str = "Composites"

    @classmethod
    def make(cls, name: str, title: str = "", **about: object) -> Definition:
        """An empty definition."""
        return cls(name=name, title=title or name, graph=nx.freeze(nx.MultiDiGraph()), **about)  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash((self.name, len(self.nodes), len(self.wires)))

    @cached_property
    def _parts(self) -> tuple[object, ...]:
        rest = (
            self.name,
            self.title,
            self.symbols,
            self.about,
            self.formula,
            self.paper,
            self.family,
        )
        return (*rest, list(self.nodes.items()), set(self.wires))

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by id, in the order they were added; this is also the order of the definition's ports."""
        return {name: data["node"] for name, data in self.graph.nodes(data=True)}

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """All wires, in a stable order."""
        ends = sorted((a, out, b, into) for a, b, (out, into) in self.graph.edges(keys=True))
        return tuple(Wire(PortRef(a, out), PortRef(b, into)) for a, out, b, into in ends)

    @cached_property
    def inputs(self) -> tuple[Port, ...]:
        """What comes in from outside."""
        return self._ends(INPUT)

    @cached_property
    def outputs(self) -> tuple[Port, ...]:
        """What goes out."""
        return self._ends(OUTPUT)

    def _ends(self, kind: str) -> tuple[Port, ...]:
        rails = ((name, node) for name, node in self.nodes.items() if node.kind == kind)
        return tuple(replace(node.port or Port(name=name), name=name) for name, node in rails)

    @cached_property
    def feeds(self) -> Mapping[PortRef, PortRef]:
        """The source of each input port that has a wire."""
        return {wire.target: wire.source for wire in self.wires}

    def wire_into(self, target: PortRef) -> Wire | None:
        """The wire that ends at `target`, if there is one."""
        source = self.feeds.get(target)
        return Wire(source, target) if source else None

    def wires_at(self, nodes: Iterable[str]) -> list[Wire]:
        """All wires that begin or end at one of `nodes`."""
        ids = set(nodes)
        return [w for w in self.wires if w.source.node in ids or w.target.node in ids]

    def node(self, name: str) -> Node:
        """The node called `name`.

        Raises:
            DocumentError: If there is none; the message has the closest id.
        """
        if name not in self.nodes:
            raise DocumentError(f"There is no node {name!r} in {self.name}. {did_you_mean(name, self.nodes)}")
        return self.nodes[name]

    def order(self) -> list[str]:
        """Ids so that each node comes after what feeds it, the same for equal graphs.

        Raises:
            DocumentError: If the wires form a circle.
        """
        try:
            return list(nx.lexicographical_topological_sort(self.graph))
        except nx.NetworkXUnfeasible:
            raise DocumentError(f"The wires of {self.name} form a circle. Remove one of them.") from None

    def reaches(self, start: str, end: str) -> bool:
        """Whether wires lead from node `start` to node `end`."""
        return start in self.graph and end in self.graph and nx.has_path(self.graph, start, end)

    def with_nodes(self, nodes: Mapping[str, Node]) -> Definition:
        """With these nodes added or replaced."""
        return self._over(_joined(self._copy(), nodes, ()))

    def without_nodes(self, names: Iterable[str]) -> Definition:
        """Without these nodes and the wires at them."""
        graph = self._copy()
        graph.remove_nodes_from(list(names))
        return self._over(graph)

    def with_wires(self, wires: Iterable[Wire]) -> Definition:
        """With these wires added."""
        return self._over(_joined(self._copy(), {}, wires))

    def without_wires(self, wires: Iterable[Wire]) -> Definition:
        """Without these wires; those that are not there are passed over."""
        graph = self._copy()
        gone = [(w.source.node, w.target.node, (w.source.port, w.target.port)) for w in wires]
        graph.remove_edges_from(gone)
        return self._over(graph)

    def redrawn(self, nodes: Mapping[str, Node], wires: Iterable[Wire]) -> Definition:
        """With these nodes and wires instead of the present ones."""
        return self._over(_joined(nx.MultiDiGraph(), nodes, wires))

    def with_symbols(self, symbols: Iterable[Symbol]) -> Definition:
        """With these symbols instead of the present ones."""
        return replace(self, symbols=tuple(symbols))

    def _copy(self) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.graph.nodes(data=True))
        for edge in self.graph.edges(keys=True):  # one by one is twice as fast as all at once
            graph.add_edge(*edge)
        return graph

    def _over(self, graph: nx.MultiDiGraph) -> Definition:
        return replace(self, graph=nx.freeze(graph))


def _joined(graph: nx.MultiDiGraph, nodes: Mapping[str, Node], wires: Iterable[Wire]) -> nx.MultiDiGraph:
    """`graph` itself, with nodes and wires put into it."""
    for name, node in nodes.items():
        graph.add_node(name, node=node)
    for wire in wires:
        graph.add_edge(wire.source.node, wire.target.node, key=(wire.source.port, wire.target.port))
    return graph


@dataclass(frozen=True, kw_only=True)
class Document:
    """A model.

    Args:
        definitions: All definitions by name, the root among them.
        root: Name of the definition that is the model.
        name: What the user calls the model.
        ties: Pairs of parameter paths; the first is the same storage as the second.
        task: The task it was made for, for a first choice in the window.
        promises: Contracts that the user asked for or does without.
        packages: The package that brings a kind of block, for those that plugins bring, as the file remembers it.
    """

    definitions: Mapping[str, Definition]
    root: str = "model"
    name: str = "untitled"
    ties: tuple[tuple[str, str], ...] = ()
    task: str = ""
    promises: tuple[Promise, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def empty(cls, name: str = "untitled") -> Document:
        """A document whose root has no nodes."""
        return cls(definitions={"model": Definition.make("model", "Model")}, name=name)

    @property
    def main(self) -> Definition:
        """The root definition."""
        return self.definition(self.root)

    def definition(self, name: str) -> Definition:
        """The definition called `name`; the empty name means the root.

        Raises:
            DocumentError: If there is none.
        """
        name = name or self.root
        if name not in self.definitions:
            raise DocumentError(f"There is no definition {name!r}. {did_you_mean(name, self.definitions)}")
        return self.definitions[name]

    def with_definition(self, definition: Definition) -> Document:
        """With `definition` added, or in place of the one with its name."""
        return replace(self, definitions={**self.definitions, definition.name: definition})

    def uses(self, name: str) -> Iterator[tuple[str, str]]:
        """(definition, node) of every use of the definition `name`."""
        for definition in self.definitions.values():
            yield from ((definition.name, n) for n, node in definition.nodes.items() if node.kind == name)

    def definition_at(self, path: Iterable[str]) -> Definition:
        """The definition reached by opening the nodes of `path`, from the root inward.

        Raises:
            DocumentError: If one of them is no composite.
        """
        here = self.main
        for name in path:
            here = self.definition(here.node(name).kind)
        return here
