"""The contract that every sublayer has a way round it."""

from __future__ import annotations

from collections.abc import Iterator

from builder import names
from builder.contracts.attending import is_attention
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.places import view_at, where_of
from builder.contracts.program import Step
from builder.contracts.specimen import Specimen
from builder.contracts.streams import ADDS, stream
from builder.diagnostics import Fix, Where
from builder.document import INPUT, Document, PortRef
from builder.edits import AddNode, Batch, Connect, Edit, Rewire
from builder.library import needed
from builder.rules.base import View

WIDE = 3  # dimensions of a stream; scores have more
ACTS = ("activation", "relu", "gelu", "silu", "gate", "experts")


def sublayers(specimen: Specimen) -> Iterator[Step]:
    """The heart of each sublayer: what attends, and what acts within a feed-forward."""
    attends = [step for step in specimen.program.steps if is_attention(specimen, step)]
    yield from attends
    if attends:
        leading = specimen.program.before({number for step in attends for number in step.results})
        for step in specimen.program.steps:
            inside = any(_family(specimen.document, definition) == "Feed-forward" for definition, _ in step.uses)
            if step.kind in ACTS and (inside or set(step.results) & leading):
                yield step


def _family(document: Document, name: str) -> str:
    return document.definitions[name].family


def has_stream(specimen: Specimen) -> bool:
    """Whether sublayers add to a stream, or should."""
    attends = sum(is_attention(specimen, step) for step in specimen.program.steps)
    return attends > 1 or (attends == 1 and any(step.kind in ADDS for step in specimen.program.steps))


@contract(
    "C014",
    "Residual path is whole",
    why="Each sublayer adds to the stream and leaves it otherwise as it is (He et al., arXiv:1512.03385). Without the "
    "way round, everything must pass through it, gradients fade, and depth harms.",
    applies=has_stream,
)
def residual_path_is_whole(specimen: Specimen) -> Verdict:
    """Round every attention and feed-forward there is a way with nothing but sums and norms on it."""
    useful = specimen.program.before({specimen.answer})
    steps = [step for step in sublayers(specimen) if set(step.results) & useful]
    faults: dict[Where, Fault] = {}
    sums: set[Step] = set()  # at which a way round an earlier sublayer ends
    for step in sorted(steps, key=lambda step: step.place):
        ends = list(_bypasses(specimen, step))
        fault = _shortened(specimen, step, sums, ends) if ends else _without(specimen, step)
        if fault is not None:
            faults.setdefault(fault.where, fault)
        sums |= {end for end, _ in ends[:1] if len(specimen.labels[end.results[0]]) <= WIDE}
    return Verdict(detail=f"There is a way round each of {len(steps)} sublayers.", faults=tuple(faults.values()))


def _bypasses(specimen: Specimen, step: Step) -> Iterator[tuple[Step, int]]:
    """Sums that add what a sublayer gives to what comes in, and the value that does not come through it."""
    program = specimen.program
    behind, ahead = program.before(set(step.results)), program.after(set(step.results))
    behind -= set(program.inputs.values())
    for later in program.steps[step.place :]:
        if later.kind in ADDS and ahead & set(later.fed):
            past = [source for source in later.fed if source not in ahead]
            yield from ((later, source) for source in past if behind & stream(specimen, source))


def _shortened(specimen: Specimen, step: Step, sums: set[Step], ends: list[tuple[Step, int]]) -> Fault | None:
    """The way round leaves out the sums right before the sublayer, so what they add goes through it alone."""
    before = _last_of(specimen, step, sums)
    if not before or any(stream(specimen, past) & {end.results[0] for end in before} for _, past in ends):
        return None
    missed, (later, past) = before[-1], ends[0]
    port = next(name for name, source in later.sources.items() if source == past)
    own, other = step.uses[-1][1] if len(step.uses) == len(later.uses) else _beside(step, later), missed.uses[-1][1]
    text = f"The way round {own} leaves out {other}: what {other} adds goes through {own} alone and not on by itself."
    fixes = tuple(_through(specimen, missed, later, port))
    where = where_of(later, port, specimen.document)
    return Fault(message=text, where=where, fixes=fixes, advice=f"Add to what {other} gives.")


def _last_of(specimen: Specimen, step: Step, sums: set[Step]) -> list[Step]:
    """Those of some sums that a step comes from with no other of them between."""
    seen, waiting, found = set[int](), list(step.fed), list[Step]()
    while waiting:
        here = waiting.pop()
        maker = specimen.program.makers.get(here)
        if here in seen or maker is None:
            continue
        seen.add(here)
        branch = maker.sources.get("branch") if maker.kind == "either" else None
        if maker in sums:
            found.append(maker)
        else:
            waiting += maker.fed if branch is None else [branch]
    return sorted(found, key=lambda maker: maker.place)


def _beside(step: Step, other: Step) -> str:
    """The node around a step that lies where another step does, as far as there is one."""
    depth = min(len(step.uses), len(other.uses)) - 1
    return step.uses[depth][1]


def _through(specimen: Specimen, missed: Step, later: Step, port: str) -> Iterator[Fix]:
    """Let a sum add to what an earlier one gives, or to the norm of that."""
    (at, node), target = later.uses[-1], PortRef(later.uses[-1][1], port)
    if missed.uses[:-1] != later.uses[:-1]:
        return
    here = specimen.document.definitions[at]
    given = PortRef(missed.uses[-1][1], "sum" if missed.kind == "residual_add" else "y")
    takers = {wire.target.node for wire in here.wires if wire.source == given}
    normed = [PortRef(taker, "y") for taker in takers if "norm" in here.nodes[taker].kind]
    behind = normed[:1] if len(takers) == 1 and len([w for w in here.wires if w.source in normed]) > 1 else []
    for source in (*behind, given):
        edit = Connect(source=source, target=target, replace=True, at=at)
        yield Fix(label=f"Connect {source} to {node}.{port}", edit=edit)


def _without(specimen: Specimen, step: Step) -> Fault:
    """The outermost node that has no way round it."""
    document = specimen.document
    depth = next(
        (d for d, (at, node) in enumerate(step.uses) if not _adds(document, document.definitions[at].nodes[node].kind))
    )
    definition, node = step.uses[depth]
    view = view_at(specimen, step, depth) if depth else view_at(specimen, step, 0)
    fixes = tuple(_around(view, node))
    text = f"There is no way round {node}: what comes in is lost but for what {node} makes of it."
    advice = "Add what comes in to what comes out by a Residual add block."
    return Fault(message=text, where=Where(definition=definition, node=node), fixes=fixes, advice=advice)


def _adds(document: Document, kind: str) -> bool:
    """Whether a composite has a residual sum in it."""
    inside = needed(kind, document.definitions).values()
    return any(node.kind in ADDS for definition in inside for node in definition.nodes.values())


def _around(view: View, node: str) -> Iterator[Fix]:
    """Add what comes into a node, or into the norm before it, to what it gives."""
    kind = view.around.signatures[node]
    port = next((p for p in (kind.inputs if kind else ()) if p.kind in ("hidden", "any")), None)
    source = view.definition.feeds.get(PortRef(node, port.name)) if port else None
    if source is None:
        return
    if moved := _moved(view, PortRef(node, port.name)) if port else None:
        yield moved
    before, choices = view.definition.nodes[source.node], [source]
    stream = next((s for t, s in view.definition.feeds.items() if t.node == source.node), None)
    if "norm" in before.kind and stream is not None:
        choices.insert(0 if view.definition.nodes[stream.node].kind == INPUT else 1, stream)
    for choice in choices:
        yield _sum(view, node, choice)


def _moved(view: View, target: PortRef) -> Fix | None:
    """Let a sum right before a node that adds the stream and its norm add the stream and what the node gives."""
    here, feeds = view.definition, view.definition.feeds
    total = feeds[target]
    ends = [end for end in feeds if end.node == total.node]
    norms = [end for end in ends if "norm" in here.nodes[feeds[end].node].kind]
    readers = [wire for wire in here.wires if wire.source == total]
    if here.nodes[total.node].kind not in ADDS or len(ends) != 2 or len(norms) != 1 or len(readers) != 1:
        return None
    (way,), norm = [feeds[end] for end in ends if end not in norms], feeds[norms[0]]
    if way not in [source for end, source in feeds.items() if end.node == norm.node]:
        return None
    onward = [wire for wire in here.wires if wire.source.node == target.node]
    edits: list[Edit] = [
        *(Rewire(old=wire, source=total, target=wire.target, at=view.name) for wire in onward),
        Connect(source=norm, target=target, replace=True, at=view.name),
        Connect(source=onward[0].source, target=norms[0], replace=True, at=view.name),
    ]
    label = f"Let {total.node} add {way} to what {target.node} gives"
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))


def _sum(view: View, node: str, stream: PortRef) -> Fix:
    here, label = view.definition.nodes, f"Add {stream} to what {node} gives"
    name = names.fresh(f"{node}_add", here)
    place = here[node]
    onward = [wire for wire in view.definition.wires if wire.source.node == node]
    edits: list[Edit] = [
        AddNode(kind="residual_add", id=name, x=place.x + 120, y=place.y + 90, at=view.name),
        *(Rewire(old=wire, source=PortRef(name, "sum"), target=wire.target, at=view.name) for wire in onward),
        Connect(source=onward[0].source, target=PortRef(name, "update"), at=view.name),
        Connect(source=stream, target=PortRef(name, "x"), at=view.name),
    ]
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))
