"""Rules about what is well-typed and still hardly ever meant."""

from __future__ import annotations

from collections.abc import Iterator

from builder import fixes, rewiring
from builder.diagnostics import Fix
from builder.document import OUTPUT, PortRef
from builder.edits import Batch, Connect, Remove, SetSetting
from builder.rules.base import Finding, View, rule
from builder.rules.origins import Origin, origin

DROPOUTS = ("dropout", "p")


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


def _of_kind(view: View, *ends: str) -> list[str]:
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
    for name in _of_kind(view, "_positions"):
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
    for name in _of_kind(view, "token_embedding"):
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
    for name in _of_kind(view, "softmax"):
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
    "R026",
    "Queries and keys are turned differently",
    why="Rotary positions work by the angle between a query and a key; if one of the two is not turned, or faster than "
    "the other, scores depend on where a token stands and not on how far it is.",
    severity="warning",
)
def turned_alone(view: View) -> Iterator[Finding]:
    """Queries go through rotary positions and keys do not, or the other way round, or through others."""
    for name in _of_kind(view, "attention_core", "matmul"):
        ends = ("q", "k") if view.definition.nodes[name].kind == "attention_core" else ("a", "b")
        sources = [origin(view, PortRef(name, port)) for port in ends]
        turns = [_turn_of(source) for source in sources]
        turned = [turn is not None for turn in turns]
        if None in sources or turned == [False, False]:
            continue
        if turns[0] and turns[1]:
            yield from _unlike(view, turns[0], turns[1])
            continue
        bare = 0 if turned[1] else 1
        text = f"{name} compares turned {'keys with plain queries' if turned[1] else 'queries with plain keys'}. "
        text += f"Put the rotary positions before its {ends[bare]} too."
        yield Finding(
            message=text, where=view.where(name, ends[bare]), fixes=tuple(_turn(view, PortRef(name, ends[bare])))
        )


def _turn_of(source: Origin | None) -> Origin | None:
    """The rotary positions on the way to a port, through blocks with one input."""
    way = source.way() if source else ()
    found = next((block for block in way if block.kind in ("rope", "matmul", "softmax")), None)
    return found if found is not None and found.kind == "rope" else None


def _unlike(view: View, queries: Origin, keys: Origin) -> Iterator[Finding]:
    """Rotary positions side by side that are set to different speeds."""
    if not (queries.definition is keys.definition is view.definition):
        return
    first, second = queries.port.node, keys.port.node
    one, other = view.around.settings(first), view.around.settings(second)
    unlike = [name for name in one if one[name] != other.get(name)]
    if unlike:
        given = view.definition.nodes[first].settings
        edits = tuple(SetSetting(node=second, name=name, value=given.get(name), at=view.name) for name in unlike)
        label = f"Set {second} as {first} is"
        text = f"{second} turns keys by other angles than {first} turns queries: their {' and '.join(unlike)} differ. "
        mend = Fix(label=label, edit=Batch(edits=edits, label=label))
        yield Finding(message=f"{text}Set both alike.", where=view.where(second), fixes=(mend,))


def _turn(view: View, port: PortRef) -> Iterator[Fix]:
    """Put the same rotary positions into the other wire."""
    wire = view.definition.wire_into(port)
    other = next((view.definition.nodes[name] for name in _of_kind(view, "rope")), None)
    found = rewiring.between(view, wire, "rope", dict(other.settings)) if wire and other else None
    if found:
        yield found


@rule(
    "R027",
    "Linear after linear",
    why="Two projections with nothing between them are one: a product of matrices is a matrix. Where few features lie "
    "between them that is meant; else an activation is missing.",
    severity="warning",
)
def linear_twice(view: View) -> Iterator[Finding]:
    """A linear block takes what another gives, and the width between them saves nothing."""
    for name in _of_kind(view, "linear"):
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
