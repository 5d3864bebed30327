"""Contracts about what the answer hangs on: the tokens around it, and the memory of an encoder."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from builder.contracts.attending import has_attention, is_attention
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.moves import Move, other_tokens
from builder.contracts.places import feeds, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.reach import last, moved, read, told
from builder.contracts.roles import is_causal, masks_future
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import PortRef

NEIGHBOURS = 2  # positions that it takes to see whether one hears of another
WIDER = {"causal": "none", "both": "padding", "anticausal": "none"}


def _hears(specimen: Specimen, letter: str, here: int, there: int) -> bool:
    """Whether what is known at position `here` in the end changes with the token at `there`."""
    number = last(specimen, letter)
    if number is None:
        return True
    return moved(specimen, letter, here, there).moves(number)


@contract(
    "C002",
    "Context is used",
    why="A model that reads must see both what comes before and what comes after; one that writes must see what came "
    "before. If other positions have no influence, attention is there in vain.",
    applies=lambda specimen: has_attention(specimen) and bool(read(specimen)),
)
def context_is_used(specimen: Specimen) -> Verdict:
    """What is known at a position in the end changes with the tokens next to it."""
    faults = []
    for letter in read(specimen, NEIGHBOURS):
        writes = letter == specimen.target and is_causal(specimen)
        late = min(3, specimen.sizes.lengths[letter] - 1)
        if not _hears(specimen, letter, late, late - 1):
            faults += list(_deaf(specimen, letter, "before", late, late - 1))
        elif not writes and not _hears(specimen, letter, late - 1, late):
            faults += list(_deaf(specimen, letter, "after", late - 1, late))
    detail = told(specimen, "What is known at a position depends on the tokens around it.", NEIGHBOURS)
    return Verdict(detail=detail, faults=tuple(faults))


def _deaf(specimen: Specimen, letter: str, side: str, here: int, there: int) -> Iterator[Fault]:
    """Attention over the positions of `letter` that misses one side."""
    move, found = moved(specimen, letter, here, there), False
    for step in specimen.program.steps:
        ours = any(letter in specimen.labels[number] for number in step.fed if number in specimen.labels)
        if ours and (is_attention(specimen, step) or masks_future(step)) and not any(map(move.moves, step.results)):
            found = True
            yield _narrow(specimen, step, side)
    if not found:
        yield _unattended(specimen, side)


def _unattended(specimen: Specimen, side: str) -> Fault:
    """Nothing that attends leads to the answer: the first that does so in vain, or the model."""
    vain = [s for s in specimen.program.steps if is_attention(specimen, s) and not specimen.leads(s)]
    where = where_of(vain[0]) if vain else Where(definition=specimen.document.root)
    reason = f"what {where.node} finds does not get there" if vain else "nothing joins positions"
    text = f"What is known at a position in the end does not depend on the tokens {side} it: {reason}."
    return Fault(message=text, where=where, advice="Wire an attention into the stream.")


def _narrow(specimen: Specimen, step: Step, side: str) -> Fault:
    node, name = step.uses[-1][1], "pattern" if step.kind == "mask" else "mask"
    value = str(step.setting(name))
    fixes: list[Fix] = []
    if name == "pattern" and value != "none":
        fixes = set_there(specimen, step, name, WIDER.get(value, "none"))
    elif side == "after" and value in WIDER:
        fixes = set_there(specimen, step, name, WIDER[value])
    elif value == "anticausal":
        fixes = set_there(specimen, step, name, "causal")
    elif step.setting("window") == 1:
        fixes = set_there(specimen, step, "window", 0)
    because = f": its {name} is {value}" if step.setting(name) not in (None, "none") else ""
    text = f"{node} hides what comes {side} a position{because}, but this model must see it."
    advice = "Let its queries and keys run over positions, and its mask show that side."
    return Fault(message=text, where=where_of(step), fixes=tuple(fixes), advice=advice)


def _memories(specimen: Specimen) -> list[str]:
    """Inputs over other positions than the answer's."""
    kinds = ("ids", "hidden", "pixels")
    return [
        name for name, port in specimen.ports.items() if port.kind in kinds and specimen.letter(name) != specimen.target
    ]


@contract(
    "C007",
    "Memory is used",
    why="A decoder that does not look at what the encoder found answers whatever was asked: it learns to write, but "
    "nothing about its source.",
    applies=lambda specimen: bool(specimen.target and _memories(specimen)),
)
def memory_is_used(specimen: Specimen) -> Verdict:
    """The answer changes when the source does."""
    faults = []
    for name in _memories(specimen):
        letter = specimen.letter(name)
        everything = torch.ones(specimen.sizes.lengths.get(letter, 1), dtype=torch.bool)
        value = specimen.base[name]
        if value is None or letter not in specimen.sizes.lengths:
            continue
        changed = other_tokens(specimen, specimen.base, [name], everything)
        move = Move(specimen, specimen.values, specimen.run(changed), {})
        if not move.moves(specimen.answer):
            faults.append(_unused(specimen, move, name))
    return Verdict(detail=f"The answer depends on {' and '.join(_memories(specimen))}.", faults=tuple(faults))


def _unused(specimen: Specimen, move: Move, name: str) -> Fault:
    """The port that the memory should be wired to, or the last that was found out about the source."""
    open_ends = list(_open_memories(specimen))
    text = f"What is in {name} makes no difference to the answer."
    if open_ends:
        view = view_at(specimen, specimen.program.steps[0], 0)
        found = tuple(feeds(view, open_ends[0]))
        where = view.where(open_ends[0].node, open_ends[0].port)
        return Fault(message=text, where=where, fixes=found, advice=f"Wire the encoder to {open_ends[0]}.")
    moved = [step for step in specimen.program.steps if any(map(move.moves, step.results))]
    if not moved:
        return Fault(message=text, where=Where(definition=specimen.document.root, node=name))
    definition, node = moved[-1].uses[0]
    return Fault(message=f"{text} It gets as far as {node}.", where=Where(definition=definition, node=node))


def _open_memories(specimen: Specimen) -> Iterator[PortRef]:
    """Ports of the root for a memory that are not wired, or wired to something else than the source."""
    main = specimen.document.main
    for name, node in main.nodes.items():
        inner = specimen.document.definitions.get(node.kind)
        for port in inner.inputs if inner else ():
            if "memory" in port.name and port.kind == "hidden":
                yield PortRef(name, port.name)
