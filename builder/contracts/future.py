"""The contract that a model which writes sees nothing of the future."""

from __future__ import annotations

from builder.contracts.attending import masks_before
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.moves import Move, other_tokens, until
from builder.contracts.places import bypass, feeds, insert, rails_behind, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.roles import is_causal, prefix
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import PortRef
from builder.rules.base import View

OPEN = {"none": "causal", "padding": "both", "anticausal": "causal"}


@contract(
    "C001",
    "No look-ahead",
    why="A model that predicts each next token from all tokens reads off the answer: its loss falls and it can write "
    "nothing. Tokens after a position are changed; the answer there must stay the same, bit for bit up to rounding.",
    applies=lambda specimen: is_causal(specimen),
)
def no_look_ahead(specimen: Specimen) -> Verdict:
    """Answers do not change when later tokens do."""
    length = specimen.sizes.lengths[specimen.target]
    first = prefix(specimen)
    cuts = range(first if 0 < first < length - 1 else 1, length)
    origins: dict[Where, Fault] = {}
    for cut in cuts:
        move = _cut(specimen, cut)
        if move.moves(specimen.answer):
            for step in move.origins():
                fault = _leak(specimen, step)
                origins.setdefault(fault.where, fault)
            if not origins:
                return Verdict(faults=(Fault(message=_LEAKS, where=Where(definition=specimen.document.root)),))
    return Verdict(
        detail=f"The answer at each of {length} positions ignores the tokens after it.", faults=tuple(origins.values())
    )


_LEAKS = "The answer at a position changes when tokens after it do."


def _cut(specimen: Specimen, cut: int) -> Move:
    """All tokens from `cut` on are changed; nothing before it may differ."""
    letter = specimen.target
    before = until(specimen.sizes.lengths[letter], cut)
    names = specimen.named(letter, "ids", "hidden", "any")
    changed = other_tokens(specimen, specimen.base, names, ~before)
    return Move(specimen, specimen.values, specimen.run(changed), {letter: before})


def _leak(specimen: Specimen, step: Step) -> Fault:
    """Who is to blame for a step at which the future enters."""
    if step.setting("mask") is not None and {"q", "k"} <= step.sources.keys():
        return _of_attention(specimen, step)
    if step.kind in ("softmax", "matmul"):
        return _of_scores(specimen, step)
    if step.kind == "mask":
        pattern = str(step.setting("pattern"))
        found = set_there(specimen, step, "pattern", OPEN.get(pattern, "causal"))
        return _fault(step, f"its pattern is {pattern}", found)
    found = bypass(view_at(specimen, step), step.uses[-1][1])
    return _fault(step, "what it joins reaches across positions", found)


def _fault(step: Step, because: str, found: list[Fix], where: Where | None = None) -> Fault:
    where = where or where_of(step)
    text = f"{where.node} lets positions see tokens after them: {because}."
    return Fault(message=text, where=where, fixes=tuple(found), advice="Mask later positions before this.")


def _of_attention(specimen: Specimen, step: Step) -> Fault:
    wire = foreign(specimen, step)
    if wire is not None:
        view, port = wire
        where = view.where(port.node, port.port)
        source = view.definition.feeds.get(port)
        return _fault(
            step, f"its {port.port} is {source}, which knows the target's later tokens", list(feeds(view, port)), where
        )
    mask = str(step.setting("mask"))
    found = set_there(specimen, step, "mask", OPEN.get(mask, "causal")) if mask in OPEN else []
    return _fault(step, f"its mask is {mask}", found)


def foreign(specimen: Specimen, step: Step) -> tuple[View, PortRef] | None:
    """Where the keys of a cross-attention come in; `None` if queries and keys are of one stream."""
    document, queries, keys = specimen.document, "q", "k"
    for depth in reversed(range(len(step.uses))):
        definition, node = step.uses[depth]
        mine = rails_behind(document, definition, PortRef(node, queries))
        other = rails_behind(document, definition, PortRef(node, keys))
        inputs = document.definitions[definition].inputs
        hidden = [port.name for port in inputs if port.name in other - mine and port.kind != "mask"]
        if not hidden or not mine or depth == 0 or other & mine:
            return None if depth == len(step.uses) - 1 else (view_at(specimen, step, depth), PortRef(node, keys))
        keys, queries = hidden[0], next(port.name for port in inputs if port.name in mine)
    return None


def _of_scores(specimen: Specimen, step: Step) -> Fault:
    """Attention drawn from primitives: the mask before it, or the wire that has none."""
    mask = next(masks_before(specimen, step), None)
    if mask is not None:
        return _leak(specimen, mask)
    view, node = view_at(specimen, step), step.uses[-1][1]
    port = next(iter(step.sources))
    wire = view.definition.wire_into(PortRef(node, port))
    found = [insert(view, wire, "mask", {"pattern": "causal"}, "scores")] if wire and step.kind == "softmax" else []
    return _fault(step, "there is no mask before it", found, where_of(step, port, specimen.document))
