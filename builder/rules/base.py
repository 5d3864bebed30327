"""What a rule is, what it looks at, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from builder.diagnostics import Diagnostic, Fix, Severity, Where
from builder.document import OUTPUT, Definition, Document, PortRef
from builder.shapes import Inference
from builder.surroundings import Surroundings
from engine.ports import Port
from engine.registry import Registry


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A definition as a rule sees it: with values for its symbols, and shapes at its ports.

    Args:
        document: The model.
        around: The definition, its nodes' kinds and settings.
        found: Shapes and kinds.
        trail: The uses that lead here, from the root: the view around each and the id of the node in it.
    """

    document: Document
    around: Surroundings
    found: Inference
    trail: tuple[tuple[View, str], ...] = ()

    @property
    def definition(self) -> Definition:
        """The definition that is looked at."""
        return self.around.definition

    @property
    def name(self) -> str:
        """Its name, as edits want it."""
        return self.definition.name

    @property
    def is_root(self) -> bool:
        """Whether it is the model itself."""
        return self.name == self.document.root

    def where(self, node: str = "", port: str = "") -> Where:
        """A place in it; a port with a wire is marked at the wire."""
        wire = self.definition.wire_into(PortRef(node, port)) if port else None
        return Where(definition=self.name, node=node, port=port, wire=wire)

    def inputs(self, node: str) -> tuple[Port, ...]:
        """The ports of a node that wires end at."""
        kind = self.around.signatures[node]
        return kind.inputs if kind else ()

    def outputs(self, node: str) -> tuple[Port, ...]:
        """The ports of a node that wires begin at."""
        kind = self.around.signatures[node]
        return tuple([port for port in kind.outputs if not port.watch]) if kind else ()

    def input(self, at: PortRef) -> Port | None:
        """The port that a wire ends at, if there is one."""
        kind = self.around.signatures[at.node]
        return kind.input(at.port) if kind else None

    def output(self, at: PortRef) -> Port | None:
        """The port that a wire begins at, if there is one that may be wired."""
        kind = self.around.signatures[at.node]
        port = kind.output(at.port) if kind else None
        return None if port is None or port.watch else port

    @cached_property
    def wired(self) -> frozenset[PortRef]:
        """Outputs that feed something."""
        return frozenset(self.around.feeds.values())

    @cached_property
    def useful(self) -> frozenset[str]:
        """Nodes that lead to an output of the definition."""
        sources: dict[str, list[str]] = {}
        for wire in self.definition.wires:
            sources.setdefault(wire.target.node, []).append(wire.source.node)
        seen = {name for name, node in self.definition.nodes.items() if node.kind == OUTPUT}
        waiting = list(seen)
        while waiting:
            for source in sources.get(waiting.pop(), ()):
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        return frozenset(seen)

    def behind(self, node: str) -> set[str]:
        """The nodes that `node` leads to, itself included."""
        return {node, *nx.descendants(self.definition.graph, node)}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One place where a rule is broken.

    Args:
        message: What, with the values, and how to fix it.
        where: The place that is marked.
        fixes: Edits that mend it, the likeliest first.
    """

    message: str
    where: Where
    fixes: tuple[Fix, ...] = ()


Check = Callable[[View], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Something that must hold in a model.

    Args:
        code: Stable name: S… about shapes, R… about all else.
        title: What is wrong, in a few words.
        why: Why it matters, for the reference.
        severity: Errors keep a model from being built; warnings do not.
        check: Finds the places in one definition.
        once: Whether places with the same first fix are one problem, shown at the first of them.
    """

    code: str
    title: str
    why: str
    severity: Severity
    check: Check
    once: bool = False

    def problems(self, view: View) -> Iterator[Diagnostic]:
        """All places in `view` where it is broken."""
        for f in self.check(view):
            yield Diagnostic(code=self.code, message=f.message, where=f.where, severity=self.severity, fixes=f.fixes)


RULES: Registry[Rule] = Registry("rule")


def rule(
    code: str, title: str, *, why: str, severity: Severity = "error", once: bool = False
) -> Callable[[Check], Check]:
    """Put the decorated check into the table of rules; the arguments are those of `Rule`."""

    def declare(check: Check) -> Check:
        RULES.add(code, Rule(code=code, title=title, why=why, severity=severity, check=check, once=once))
        return check

    return declare
