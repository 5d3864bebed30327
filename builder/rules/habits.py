"""Rules about what is well-typed and still hardly ever meant."""

from __future__ import annotations

from collections.abc import Iterator

from builder import fixes, rewiring
from builder.diagnostics import Fix, Where
from builder.document import OUTPUT, RAIL_PORT, PortRef
from builder.edits import Batch, Connect, Remove, SetSetting
from builder.rules.base import Finding, View, rule
from builder.rules.origins import Origin, origin

DROPOUTS = ("dropout", "p")
CUTS = ("relu", "gelu", "gelu_tanh", "silu")


def removal(view: View, node: str) -> Fix | None:
    """Take a node away and lead what came into its first port to where its results went."""
    kind, wires = view.around.signatures[node], view.definition.wires
    into = {wire.target.port: wire for wire in wires if wire.target.node == node}
    first = next((into[port.name] for port in (kind.inputs if kind else ()) if port.name in into), None)
    if first is None or view.definition.nodes[node].is_rail:
        return None
    onward = [Connect(source=first.source, target=w.target, at=view.name) for w in wires if w.source.node == node]
    label = f"Remove {node}"
    return Fix(label=label, edit=Batch(edits=(Remove(nodes=(node,), at=view.name), *onward), label=label))


def of_kind(view: View, *ends: str) -> list[str]:
    """The nodes whose kinds end so."""
    return [name for name, node in view.definition.nodes.items() if node.kind.endswith(ends)]


@rule(
    "R021",
    "Positions are added twice",
    why="A token's place is added to its vector once; added again it only makes the same numbers larger, and drowns "
    "the token.",
    severity="warning",
)
def positions_twice(view: View) -> Iterator[Finding]:
    """A block that adds positions comes after another on the same way."""
    for name in of_kind(view, "_positions"):
        source = origin(view, PortRef(name, "x"))
        way = source.way() if source else ()
        earlier = next((block.port.node for block in way if block.kind.endswith("_positions")), None)
        if earlier is not None:
            mend = removal(view, name)
            text = f"{name} adds positions to what has them from {earlier} already. Remove one of the two."
            yield Finding(message=text, where=view.where(name), fixes=(mend,) if mend else ())


@rule(
    "R022",
    "Tokens are embedded twice",
    why="Two tables for the same tokens cost twice the memory, and their sum is what one could learn.",
    severity="warning",
)
def embedded_twice(view: View) -> Iterator[Finding]:
    """Two token embeddings read the same input."""
    readers: dict[PortRef, str] = {}
    for name in of_kind(view, "token_embedding"):
        source = view.around.feeds.get(PortRef(name, "tokens"))
        if source is None:
            continue
        first = readers.setdefault(source, name)
        if first != name:
            text = f"{name} embeds the tokens of {source.node} again, as {first} does. Wire {first} on instead."
            yield Finding(message=text, where=view.where(name), fixes=(_instead(view, name, first),))


def _instead(view: View, gone: str, kept: str) -> Fix:
    wires = [w for w in view.definition.wires if w.source.node == gone]
    onward = [Connect(source=PortRef(kept, w.source.port), target=w.target, at=view.name) for w in wires]
    label = f"Use {kept} in its place"
    return Fix(label=label, edit=Batch(edits=(Remove(nodes=(gone,), at=view.name), *onward), label=label))


@rule(
    "R023",
    "Shared layers cannot differ",
    why="Layers that share their weights are one and the same; a setting of a single one of them has no effect.",
    severity="warning",
)
def shared_yet_different(view: View) -> Iterator[Finding]:
    """A repeated node shares its weights among layers, and one of the layers has settings of its own."""
    for name, node in view.definition.nodes.items():
        layers = [index for index, own in node.overrides.items() if own]
        if node.shared and layers:
            clear = [
                SetSetting(node=name, name=key, value=None, layer=i, at=view.name)
                for i in layers
                for key in node.overrides[i]
            ]
            label = f"Clear the settings of {len(layers)} {'layer' if len(layers) == 1 else 'layers'}"
            text = f"{name} shares its weights among layers, so the settings of layer {layers[0]} have no effect. "
            mend = Fix(label=label, edit=Batch(edits=tuple(clear), label=label))
            yield Finding(
                message=text + "Let layers have their own weights, or clear them.",
                where=view.where(name),
                fixes=(mend,),
            )


@rule(
    "R024",
    "Softmax of a softmax",
    why="Shares lie between 0 and 1, so a softmax of them is nearly even: attention sees everything alike, and the "
    "loss, which takes a softmax of the logits itself, can never become small.",
    severity="warning",
)
def softmax_twice(view: View) -> Iterator[Finding]:
    """A softmax takes what another gives, or its shares go out as logits."""
    for name in of_kind(view, "softmax"):
        source = view.around.feeds.get(PortRef(name, "x"))
        before = _through(view, source.node) if source else ""
        if before.endswith("softmax") or _is_logits(view, name):
            mend = removal(view, name)
            what = (
                "shares out what is shared out already"
                if before.endswith("softmax")
                else "makes shares of logits, and the loss does that"
            )
            yield Finding(message=f"{name} {what}. Remove it.", where=view.where(name), fixes=(mend,) if mend else ())


def _through(view: View, node: str) -> str:
    """The kind of a node, or of the one before it where it only drops out or scales."""
    for _ in view.definition.nodes:
        source = view.around.feeds.get(PortRef(node, "x"))
        if view.definition.nodes[node].kind not in ("dropout", "scale") or source is None:
            break
        node = source.node
    return view.definition.nodes[node].kind


def _is_logits(view: View, node: str) -> bool:
    ends = [w.target.node for w in view.definition.wires if w.source.node == node]
    ports = [view.definition.nodes[end] for end in ends if view.definition.nodes[end].kind == OUTPUT]
    return view.is_root and any(end.port is not None and end.port.kind == "logits" for end in ports)


@rule(
    "R028",
    "Logits are cut",
    why="The loss wants any number as a logit. ReLU and its kin take those below zero away, and where all are cut "
    "nothing is learned; dropout makes answers zero by chance. To bound logits, tanh and a scale are right.",
    severity="warning",
)
def logits_cut(view: View) -> Iterator[Finding]:
    """Between the head and the logits there is dropout, or a function that cuts what is below zero."""
    for name, node in view.definition.nodes.items() if view.is_root else ():
        if node.kind != OUTPUT or node.port is None or node.port.kind != "logits":
            continue
        source = origin(view, PortRef(name, RAIL_PORT))
        for block in source.way() if source else ():
            if block.kind not in (*CUTS, "activation", "dropout", "scale"):
                break
            if _cuts(block) or block.kind == "dropout":
                yield _cut(view, block)


def _cuts(block: Origin) -> bool:
    return block.kind in CUTS or (block.kind == "activation" and block.setting("function", "relu") in CUTS)


def _cut(view: View, block: Origin) -> Finding:
    node = block.port.node
    mend = removal(view, node) if block.definition is view.definition else None
    what = "cuts off logits below zero" if _cuts(block) else "makes logits zero by chance in training"
    where = Where(definition=block.definition.name, node=node)
    return Finding(message=f"{node} {what}. Remove it.", where=where, fixes=(mend,) if mend else ())


@rule(
    "R025",
    "Everything is dropped",
    why="Dropout of 1 sets every entry to zero in training, so nothing before it learns.",
    severity="warning",
    once=True,
)
def all_dropped(view: View) -> Iterator[Finding]:
    """A dropout is 1."""
    for name, kind in view.around.signatures.items():
        if kind is None or kind.composite:
            continue
        for key in DROPOUTS:
            if view.around.settings(name).get(key) == 1.0 and kind.field(key) is not None:
                mend = fixes.set_at_origin(view, name, key, 0.1)
                text = f"{name} drops everything in training, because its {key} is 1. Set it below 1, to 0.1 say."
                yield Finding(message=text, where=view.where(name), fixes=(mend,) if mend else ())


@rule(
    "R027",
    "Linear after linear",
    why="Two projections with nothing between them are one: a product of matrices is a matrix. Where few features lie "
    "between them that is meant; else an activation is missing.",
    severity="warning",
)
def linear_twice(view: View) -> Iterator[Finding]:
    """A linear block takes what another gives, and the width between them saves nothing."""
    for name in of_kind(view, "linear"):
        source = view.around.feeds.get(PortRef(name, "x"))
        if source is None or view.definition.nodes[source.node].kind != "linear":
            continue
        first, second = view.around.settings(source.node), view.around.settings(name)
        sizes = [size for size in (first.get("d_in"), second.get("d_out")) if isinstance(size, int)]
        between = first.get("d_out")
        if sizes and isinstance(between, int) and between >= min(sizes):
            text = f"{source.node} and {name} are one projection in two. Put an activation between them."
            wire = view.definition.wire_into(PortRef(name, "x"))
            mend = rewiring.between(view, wire, "activation", {}) if wire else None
            yield Finding(message=text, where=view.where(name), fixes=(mend,) if mend else ())
