"""A small document that has one of everything: symbols, a repeated composite, residual wires, a tie."""

from __future__ import annotations

from builder.document import Definition, Document, Node, PortRef, Symbol, Wire
from engine.ports import Port
from engine.settings import Setting


def ref(text: str) -> PortRef:
    return PortRef.parse(text)


def wire(text: str) -> Wire:
    """`a.y>b.x` as a wire."""
    source, target = text.split(">")
    return Wire(ref(source), ref(target))


def mlp() -> Definition:
    """A residual branch, `x + down(up(x))`, with symbols d_model and d_ff."""
    symbols = (
        Symbol(name="d_model", value=16, setting=Setting("Width.", low=1, unit="features")),
        Symbol(name="d_ff", value="4*d_model", setting=Setting("Inner width.", low=1)),
    )
    nodes = {
        "x": Node(kind="input", port=Port(name="x")),
        "up": Node(kind="linear", settings={"d_in": "d_model", "d_out": "d_ff"}, x=10.5),
        "down": Node(kind="linear", settings={"d_in": "d_ff", "d_out": "d_model"}, label="Back"),
        "add": Node(kind="residual_add"),
        "y": Node(kind="output", port=Port(name="y")),
    }
    wires = ("x.value>up.x", "up.y>down.x", "x.value>add.x", "down.y>add.update", "add.sum>y.value")
    return Definition.make("mlp", "MLP", symbols=symbols).with_nodes(nodes).with_wires(map(wire, wires))


def tiny() -> Document:
    """A model: tokens → embed → blocks (mlp ×2) → head → logits, with head.weight tied to embed.weight."""
    symbols = (
        Symbol(name="vocab_size", value=11, setting=Setting("Number of tokens.", low=2)),
        Symbol(name="d_model", value=16, setting=Setting("Width.", low=1, high=512)),
        Symbol(name="n_layers", value=2),
        Symbol(name="dropout", value=0.1, type=float, setting=Setting("Share.", low=0, high=1)),
    )
    sizes = {"d_model": "d_model", "vocab_size": "vocab_size"}
    nodes = {
        "tokens": Node(kind="input", port=Port(name="tokens", kind="ids", shape="B T")),
        "embed": Node(kind="token_embedding", settings=sizes, x=100, y=-20),
        "blocks": Node(kind="mlp", settings={"d_model": "d_model"}, repeat="n_layers", carry=("x", "y")),
        "head": Node(kind="lm_head", settings=sizes, uid="old_head"),
        "logits": Node(kind="output", port=Port(name="logits", kind="logits", shape="B T vocab_size")),
    }
    wires = ("tokens.value>embed.tokens", "embed.y>blocks.x", "blocks.y>head.x", "head.logits>logits.value")
    root = Definition.make("model", "Model", symbols=symbols).with_nodes(nodes).with_wires(map(wire, wires))
    return Document(
        definitions={"model": root, "mlp": mlp()},
        name="tiny “GPT”",
        ties=(("head.weight", "embed.weight"),),
        task="reverse",
    )
