"""Writing definitions in Python, for the composites and models that come with the builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.document import INPUT, OUTPUT, RAIL_PORT, Definition, Node, PortRef, Symbol, Wire
from engine.ports import Port
from engine.settings import Setting, Value

COLUMN, ROW = 252, 152  # pixels between the corners of neighbouring nodes
BLOCK, END, LETTER = 176, 76, 7.4  # widths of a block, and of an end and a letter of its name
RAIL_DROP = 25  # so that the port of an end is level with the first port of a block in its row
At = tuple[float, float]

SETTINGS: Mapping[str, Setting] = {
    "vocab_size": Setting("How many different tokens there are.", low=1, unit="tokens"),
    "max_len": Setting("Longest sequence the model can take.", low=1, unit="positions"),
    "d_model": Setting("Width of the residual stream.", low=1, unit="features"),
    "n_heads": Setting("How many heads attention has; they share the width equally.", low=1, unit="heads"),
    "n_kv_heads": Setting("How many heads keys and values have; each serves several queries.", low=1, unit="heads"),
    "d_head": Setting("Width of one head.", low=1, unit="features"),
    "d_kv": Setting("Width of one head, as T5 calls it.", low=1, unit="features"),
    "n_layers": Setting("How many blocks in a row.", low=1, high=1000, unit="layers"),
    "n_decoder_layers": Setting("How many blocks the decoder has.", low=1, high=1000, unit="layers"),
    "d_ff": Setting("Width of the feed-forward layers.", low=1, unit="features"),
    "dropout": Setting("Share of entries set to zero in training.", low=0, high=1),
    "bias": Setting("Whether projections add a learned vector."),
    "eps": Setting("Added to the variance in a norm, against division by zero.", low=0, high=1),
    "theta": Setting("Base of the rotary wavelengths; larger tells longer distances apart.", low=1),
    "n_buckets": Setting("How many distances are told apart.", low=4, unit="buckets"),
    "max_distance": Setting("Distances from here on count as one; over half of n_buckets.", low=3, unit="positions"),
    "n_experts": Setting("How many feed-forward experts there are.", low=1, unit="experts"),
    "top_k": Setting("How many experts work on each token.", low=1, unit="experts"),
    "balance": Setting("Weight of the loss that keeps all experts in use.", low=0),
    "n_segments": Setting("How many kinds of segments there are.", low=1, unit="segments"),
    "image_size": Setting("Height and width of an image.", low=1, unit="pixels"),
    "patch": Setting("Height and width of a patch.", low=1, unit="pixels"),
    "channels": Setting("Numbers for each pixel: 1 is grey, 3 are colours.", low=1, unit="channels"),
    "n_classes": Setting("How many classes there are.", low=1, unit="classes"),
    "activation": Setting("Function between the two projections.", choices=("relu", "gelu", "gelu_tanh", "silu")),
    "pattern": Setting(
        "What a position may not look at besides padding.",
        choices=("none", "causal", "anticausal", "sliding_window", "prefix"),
    ),
    "mask": Setting(
        "What a position may not look at: later ones (causal), padding, or both.",
        choices=("none", "causal", "padding", "both"),
    ),
}


class Sketch:
    """A definition in the making. State: grows with each call; `done` gives it.

    Positions are (column, row) on a grid of `COLUMN` × `ROW` pixels; an input ends where a block would.
    Sources are written `node` or `node.port`; without a port it is `y`, or the one port of an input.

    Args:
        name: Identifier.
        title: What the palette calls it.
        about: Texts `about`, `formula`, `paper` of the definition.
    """

    def __init__(self, name: str, title: str, **about: str) -> None:
        self._definition = Definition.make(name, title, **about)
        self._wires: list[Wire] = []
        self._nodes: dict[str, Node] = {}

    def symbols(self, **values: Value) -> None:
        """Declare named sizes and choices; their ranges and texts are those of `SETTINGS`."""
        made = [_symbol(name, value) for name, value in values.items()]
        self._definition = self._definition.with_symbols([*self._definition.symbols, *made])

    def input(self, name: str, shape: str, at: At, kind: str = "hidden", about: str = "") -> None:
        """Add an input; a question mark at the end of its name makes it optional."""
        slug = name.removesuffix("?")
        port = Port(name=slug, kind=kind, shape=shape, optional=slug != name, about=about)
        self._put(slug, Node(kind=INPUT, port=port), at)

    def output(self, name: str, source: str, shape: str, at: At, kind: str = "hidden") -> None:
        """Add an output, fed by `source`."""
        self._put(name, Node(kind=OUTPUT, port=Port(name=name, kind=kind, shape=shape)), at)
        self._wire(source, name, RAIL_PORT)

    def add(
        self,
        name: str,
        kind: str,
        sources: str | Mapping[str, str],
        at: At,
        *,
        repeat: str | None = None,
        label: str = "",
        **settings: Value,
    ) -> None:
        """Add a node.

        Args:
            name: Its id.
            kind: A block or another definition.
            sources: What feeds its port `x`, or what feeds each port.
            at: Its place on the grid.
            repeat: How many layers, as an expression; `x` of each is `y` of the one before it.
            label: What it is called in the drawing, where its kind alone does not say it.
            settings: Literals or expressions.
        """
        self._put(
            name,
            Node(kind=kind, settings=settings, label=label, repeat=repeat, carry=("x", "y") if repeat else None),
            at,
        )
        for port, source in ({"x": sources} if isinstance(sources, str) else sources).items():
            self._wire(source, name, port)

    def done(self) -> Definition:
        """The definition."""
        return self._definition.redrawn(self._nodes, self._wires)

    def _put(self, name: str, node: Node, at: At) -> None:
        assert name not in self._nodes, name
        drop = RAIL_DROP if node.is_rail else 0
        indent = BLOCK - max(END, LETTER * len(name) + 34) if node.kind == INPUT else 0
        self._nodes[name] = replace(node, x=round(at[0] * COLUMN + indent), y=at[1] * ROW + drop)

    def _wire(self, source: str, target: str, port: str) -> None:
        node, _, out = source.partition(".")
        default = RAIL_PORT if self._nodes[node].kind == INPUT else "y"
        self._wires.append(Wire(PortRef(node, out or default), PortRef(target, port)))


def _symbol(name: str, value: Value) -> Symbol:
    setting = SETTINGS[name]
    is_expression = isinstance(value, str) and not setting.choices
    return Symbol(name=name, value=value, setting=setting, type=int if is_expression else type(value))
