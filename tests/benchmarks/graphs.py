"""Graphs of any size for benchmarks: the same for the same size and seed."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from builder.document import Definition, Document, Node, PortRef, Symbol, Wire
from engine.ports import Port
from engine.settings import Setting, Value

FEATURES: dict[str, Value] = {"d_model": "d_model"}
BRANCHES: tuple[tuple[tuple[str, dict[str, Value]], ...], ...] = (
    (
        ("layer_norm", FEATURES),
        ("linear", {"d_in": "d_model", "d_out": "4*d_model"}),
        ("gelu", {}),
        ("linear", {"d_in": "4*d_model", "d_out": "d_model"}),
        ("dropout", {"p": 0.1}),
    ),
    (
        ("layer_norm", FEATURES),
        ("linear", {"d_in": "d_model", "d_out": "d_model"}),
        ("silu", {}),
        ("dropout", {"p": 0.1}),
    ),
    (("layer_norm", FEATURES), ("linear", {"d_in": "d_model", "d_out": "d_model"})),
)


def chain(count: int, seed: int = 0, wrong: int = 0) -> Document:
    """A language model drawn flat: an embedding, residual branches one after another, a head.

    Args:
        count: How many nodes it has, its input and output among them; at least 5.
        seed: Which branches follow each other.
        wrong: How many linear blocks have a size that does not fit.
    """
    choose = random.Random(seed)
    nodes, wires = _ends(), ["tokens.value>embed.tokens"]
    stream = "embed.y"
    while len(nodes) < count - 1:
        branch = choose.choice(BRANCHES)
        if len(nodes) + len(branch) + 1 > count - 1:
            branch = (("dropout", {"p": 0.1}),)
            stream = _through(nodes, wires, stream, branch)
            continue
        update = _through(nodes, wires, stream, branch)
        add = f"add_{len(nodes)}"
        nodes[add] = Node(kind="residual_add")
        wires += [f"{stream}>{add}.x", f"{update}>{add}.update"]
        stream = f"{add}.sum"
    nodes["head"] = Node(kind="lm_head", settings={**FEATURES, "vocab_size": "vocab_size"})
    wires += [f"{stream}>head.x", "head.logits>logits.value"]
    spoil = choose.sample([name for name, node in nodes.items() if node.kind == "linear"], wrong)
    nodes |= {name: Node(kind="linear", settings={"d_in": 77, "d_out": "d_model"}) for name in spoil}
    return _document(nodes, wires)


def _ends() -> dict[str, Node]:
    return {
        "tokens": Node(kind="input", port=Port(name="tokens", kind="ids", shape="B T")),
        "logits": Node(kind="output", port=Port(name="logits", kind="logits", shape="B T vocab_size")),
        "embed": Node(kind="token_embedding", settings={**FEATURES, "vocab_size": "vocab_size"}),
    }


def _through(
    nodes: dict[str, Node], wires: list[str], source: str, branch: tuple[tuple[str, dict[str, Value]], ...]
) -> str:
    """Add a branch and return where it ends."""
    for kind, settings in branch:
        name = f"{kind}_{len(nodes)}"
        nodes[name] = Node(kind=kind, settings=settings)
        wires.append(f"{source}>{name}.x")
        source = f"{name}.y"
    return source


def _document(nodes: dict[str, Node], wires: list[str]) -> Document:
    symbols = (
        Symbol(name="vocab_size", value=64, setting=Setting("Number of tokens.", low=2)),
        Symbol(name="d_model", value=32, setting=Setting("Width.", low=1)),
    )
    columns = max(8, round(math.sqrt(2 * len(nodes))))
    placed = {name: _at(divmod(index, columns), node) for index, (name, node) in enumerate(nodes.items())}
    parsed = [Wire(*map(PortRef.parse, text.split(">"))) for text in wires]
    root = Definition.make("model", "Model", symbols=symbols).with_nodes(placed).with_wires(parsed)
    return Document(definitions={"model": root}, name=f"chain of {len(nodes)}")


def _at(place: tuple[int, int], node: Node) -> Node:
    """The node in a row and a column of a grid."""
    row, column = place
    return replace(node, x=230 * column, y=160 * row)
