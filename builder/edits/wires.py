"""Edits of wires."""

from __future__ import annotations

from dataclasses import dataclass

from builder import library
from builder.document import Definition, Document, PortRef, Wire
from builder.edits.base import check_room, home, outside_of
from engine.errors import EditError
from engine.ports import Port, kinds_fit
from engine.registry import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Connect:
    """Run a wire from an output port to an input port.

    Shapes that disagree are allowed, and marked by validation; kinds that do not fit are not.

    Args:
        source: An output port.
        target: An input port.
        replace: Take away the wire that ends there now.
        at: The definition; empty is the root.
    """

    source: PortRef
    target: PortRef
    replace: bool = False
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Connect {self.source} to {self.target}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the wire.

        Raises:
            EditError: If a port does not exist or is taken, the kinds do not fit, or a circle would arise.
        """
        here = home(document, self.at)
        if self.source == here.feeds.get(self.target):
            raise EditError(f"{self.source} feeds {self.target} already.")
        given, wanted = self._ports(document, here)
        if self.replace and (old := here.wire_into(self.target)):
            here = here.without_wires([old])
        self._check(here, given, wanted)
        return check_room(document.with_definition(here.with_wires([Wire(self.source, self.target)])))

    def _ports(self, document: Document, here: Definition) -> tuple[Port, Port]:
        outputs = outside_of(document, here, self.source.node).outputs
        inputs = outside_of(document, here, self.target.node).inputs
        return _port(self.source, outputs, "output"), _port(self.target, inputs, "input")

    def _check(self, here: Definition, given: Port, wanted: Port) -> None:
        if given.watch:
            raise EditError(
                f"{self.source} can be looked at but not wired, so that it costs nothing. "
                "Open the Attention tab to see it."
            )
        if not kinds_fit(given.kind, wanted.kind):
            raise EditError(
                f"{self.source} carries {given.kind} but {self.target} takes {wanted.kind}. "
                f"{_bridge(given.kind, wanted.kind)}"
            )
        if taken := here.wire_into(self.target):
            raise EditError(
                f"{self.target} is already fed by {taken.source}. "
                "Remove that wire first, or join the two with a Residual add block."
            )
        if self.source.node == self.target.node or here.reaches(self.target.node, self.source.node):
            raise EditError(
                f"{self.target.node} already leads to {self.source.node}, so this wire would close a circle. "
                "Use repeat on a composite for a loop over layers."
            )


@dataclass(frozen=True, kw_only=True)
class Disconnect:
    """Take a wire away.

    Args:
        wire: The wire.
        at: The definition; empty is the root.
    """

    wire: Wire
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Disconnect {self.wire.target}"

    def apply(self, document: Document) -> Document:
        """Return `document` without the wire.

        Raises:
            EditError: If there is no such wire.
        """
        here = home(document, self.at)
        if self.wire not in here.wires:
            raise EditError(f"There is no wire from {self.wire.source} to {self.wire.target} in {here.title}.")
        return document.with_definition(here.without_wires([self.wire]))


@dataclass(frozen=True, kw_only=True)
class Rewire:
    """Move a wire to other ports; if that is refused, the old wire stays.

    Args:
        old: The wire that is there.
        source: Where it is to begin.
        target: Where it is to end.
        replace: Take away the wire that ends there now.
        at: The definition; empty is the root.
    """

    old: Wire
    source: PortRef
    target: PortRef
    replace: bool = False
    at: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Rewire {self.old.target}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the wire at its new ports.

        Raises:
            EditError: If there is no such wire, or `Connect` refuses the new one.
        """
        if (self.source, self.target) == (self.old.source, self.old.target):
            return document
        freed = Disconnect(wire=self.old, at=self.at).apply(document)
        new = Connect(source=self.source, target=self.target, replace=self.replace, at=self.at)
        return new.apply(freed)


def _port(ref: PortRef, ports: tuple[Port, ...], side: str) -> Port:
    found = next((port for port in ports if port.name == ref.port), None)
    if found is None:
        hint = did_you_mean(ref.port, [port.name for port in ports])
        raise EditError(f"{ref.node} has no {side} port {ref.port!r}. {hint}")
    return found


def _bridge(given: str, wanted: str) -> str:
    """What to do about two kinds that do not fit."""
    kind = library.bridge(given, wanted)
    return f"Put a {library.title(kind)} block between them." if kind else f"Wire a port that carries {wanted} to it."
