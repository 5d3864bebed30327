"""What a definition is made of: nodes, the wires between their ports, and symbols. `builder.document` exports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.errors import DocumentError
from engine.ports import Port
from engine.settings import Field, Setting, Value

INPUT, OUTPUT, RAIL_PORT = "input", "output", "value"


class PortRef(NamedTuple):
    """A port of a node, within one definition; written `node.port`."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"

    @classmethod
    def parse(cls, text: str) -> PortRef:
        """Read `node.port`.

        Raises:
            DocumentError: If there is not exactly one dot.
        """
        node, dot, port = text.partition(".")
        if not (node and dot and port) or "." in port:
            raise DocumentError(f"{text!r} is no port. Write it as node.port.")
        return cls(node, port)


class Wire(NamedTuple):
    """A connection from an output port to an input port."""

    source: PortRef
    target: PortRef

    def __str__(self) -> str:
        return f"{self.source}>{self.target}"


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """A named size or choice of a definition; a composite shows it as one of its settings.

    Args:
        name: What expressions call it.
        value: Its value, or an expression over the symbols declared before it.
        setting: Range, choices and tooltip.
        type: Type of its value.
    """

    name: str
    value: Value
    setting: Setting = field(default_factory=lambda: Setting(""))
    type: type = int

    @property
    def field(self) -> Field:
        """The symbol as a setting of the composite."""
        return Field(name=self.name, type=self.type, default=self.value, setting=self.setting)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What the user decided about a contract.

    Args:
        code: The contract, such as C001.
        kept: Whether the model must keep it; if not, it is waived.
        why: The reason, in the user's words.
    """

    code: str
    kept: bool = True
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A block, a use of another definition, or an end of this definition.

    Args:
        kind: A block of the catalogue, a definition of the document, `input` or `output`.
        settings: Literals or expressions over the symbols of the definition around it.
        label: What the user calls it; empty shows the kind's title.
        x: Position from the left, in pixels at zoom 1.
        y: Position from the top.
        uid: Stays the same when the node is renamed.
        repeat: How many layers in a row, a number or an expression; `None` is one without an index.
        carry: Input and output port that run from layer to layer; other inputs go to all layers.
        shared: All layers have the same weights.
        overrides: Settings of single layers, by index.
        port: What an `input` or `output` node carries; its name is the node's id.
    """

    kind: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    label: str = ""
    x: float = 0
    y: float = 0
    uid: str = ""
    repeat: int | str | None = None
    carry: tuple[str, str] | None = None
    shared: bool = False
    overrides: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)
    port: Port | None = None

    @property
    def is_rail(self) -> bool:
        """Whether it is an end of the definition."""
        return self.kind in (INPUT, OUTPUT)
