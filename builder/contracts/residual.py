"""The contract that every sublayer has a way round it."""

from __future__ import annotations

from collections.abc import Iterator

from builder import names
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.places import view_at
from builder.contracts.program import Step
from builder.contracts.scores import is_attention
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import INPUT, Document, PortRef
from builder.edits import AddNode, Batch, Connect, Edit, Rewire
from builder.rules.base import View

ADDS = ("residual_add", "add")
PLAIN = (*ADDS, "dropout", "either", "scale", "segment_embedding", "class_token", "concat", "slice")
ACTS = ("activation", "relu", "gelu", "silu", "gate", "experts")


def _is_plain(step: Step) -> bool:
    """Whether what comes in goes on through a step as it is, up to its size."""
    return step.kind in PLAIN or "norm" in step.kind or step.kind.endswith("positions")


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
    for step in sorted(steps, key=lambda step: step.place):
        if not _has_bypass(specimen, step):
            fault = _without(specimen, step)
            faults.setdefault(fault.where, fault)
    return Verdict(detail=f"There is a way round each of {len(steps)} sublayers.", faults=tuple(faults.values()))


def _has_bypass(specimen: Specimen, step: Step) -> bool:
    program = specimen.program
    behind, ahead = program.before(set(step.results)), program.after(set(step.results))
    behind -= set(program.inputs.values())
    for later in program.steps[step.place :]:
        if later.kind in ADDS and ahead & set(later.fed):
            past = [source for source in later.fed if source not in ahead]
            if any(behind & _stream(specimen, source) for source in past):
                return True
    return False


def _stream(specimen: Specimen, number: int) -> set[int]:
    """The values that a value is, up to sums and norms."""
    seen, waiting = set[int](), [number]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        maker = specimen.program.makers.get(here)
        if maker is not None and _is_plain(maker):
            waiting += maker.fed
    return seen


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
    inner = document.definitions.get(kind)
    return inner is not None and any(n.kind in ADDS or _adds(document, n.kind) for n in inner.nodes.values())


def _around(view: View, node: str) -> Iterator[Fix]:
    """Add what comes into a node, or into the norm before it, to what it gives."""
    kind = view.around.signatures[node]
    port = next((p for p in (kind.inputs if kind else ()) if p.kind in ("hidden", "any")), None)
    source = view.definition.feeds.get(PortRef(node, port.name)) if port else None
    if source is None:
        return
    before, choices = view.definition.nodes[source.node], [source]
    stream = next((s for t, s in view.definition.feeds.items() if t.node == source.node), None)
    if "norm" in before.kind and stream is not None:
        choices.insert(0 if view.definition.nodes[stream.node].kind == INPUT else 1, stream)
    for choice in choices:
        yield _sum(view, node, choice)


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
