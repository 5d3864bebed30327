"""Rules about rotary positions: what is turned, and what must not be."""

from __future__ import annotations

from collections.abc import Iterator

from builder import rewiring
from builder.diagnostics import Fix
from builder.document import PortRef
from builder.edits import Batch, Connect, SetSetting
from builder.rules.base import Finding, View, rule
from builder.rules.habits import of_kind, removal
from builder.rules.origins import Origin, origin


@rule(
    "R026",
    "Queries and keys are turned differently",
    why="Rotary positions work by the angle between a query and a key; if one of the two is not turned, or faster than "
    "the other, scores depend on where a token stands and not on how far it is.",
    severity="warning",
)
def turned_alone(view: View) -> Iterator[Finding]:
    """Queries go through rotary positions and keys do not, or the other way round, or through others."""
    for name in of_kind(view, "attention_core", "matmul"):
        ends = ("q", "k") if view.definition.nodes[name].kind == "attention_core" else ("a", "b")
        sources = [origin(view, PortRef(name, port)) for port in ends]
        if _is_mixing(sources[0]):
            continue
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
    other = next((view.definition.nodes[name] for name in of_kind(view, "rope")), None)
    found = rewiring.between(view, wire, "rope", dict(other.settings)) if wire and other else None
    if found:
        yield found


@rule(
    "R029",
    "Values are turned",
    why="Rotary positions belong to queries and keys, whose product then depends on how far apart they are. Values are "
    "what is said: turned, the same word says something else at every place (Su et al., arXiv:2104.09864).",
    severity="warning",
)
def values_turned(view: View) -> Iterator[Finding]:
    """The values of an attention go through rotary positions."""
    for name in of_kind(view, "attention_core", "matmul"):
        core = view.definition.nodes[name].kind == "attention_core"
        port = PortRef(name, "v" if core else "b")
        turn = _turn_of(origin(view, port))
        if turn is None or not (core or _is_mixing(origin(view, PortRef(name, "a")))):
            continue
        text = f"{turn.port.node} turns the values of {name} by their positions. Turn queries and keys alone."
        yield Finding(message=text, where=view.where(name, port.port), fixes=tuple(_unturned(view, turn, port)))


def _is_mixing(source: Origin | None) -> bool:
    """Whether what comes from there is the weights of an attention, so that a product with it mixes values."""
    way = source.way() if source else ()
    found = next((block.kind for block in way if block.kind in ("rope", "matmul", "softmax")), "")
    return found == "softmax"


def _unturned(view: View, turn: Origin, port: PortRef) -> Iterator[Fix]:
    """Take the rotary positions away; where others need them, lead values past."""
    node = turn.port.node
    if turn.definition is not view.definition:
        return
    taken = [wire.target for wire in view.definition.wires if wire.source.node == node]
    source = view.definition.feeds.get(PortRef(node, "x"))
    mend = removal(view, node) if len(taken) == 1 else None
    if mend is None and source is not None and port in taken:
        edit = Connect(source=source, target=port, replace=True, at=view.name)
        mend = Fix(label=f"Connect {source} to {port}", edit=edit)
    if mend is not None:
        yield mend
