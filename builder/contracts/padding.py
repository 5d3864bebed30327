"""Contracts about what must not matter: padding, and the other rows of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from builder.contracts.attending import masks_before
from builder.contracts.base import Fault, Verdict, always, contract
from builder.contracts.moves import Move, distance, other_tokens
from builder.contracts.places import bypass, feeds, insert, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.specimen import EQUAL, Inputs, Specimen
from builder.diagnostics import Fix, Where
from builder.document import PortRef
from builder.rules.base import View

CLOSED = {"none": "padding", "causal": "both", "anticausal": "padding"}


def _is_padded(specimen: Specimen) -> bool:
    return any(port.kind == "mask" for port in specimen.ports.values())


@contract(
    "C003",
    "Padding changes nothing",
    why="Rows of a batch are filled up to one length. What stands in the filling must not change the answers at real "
    "positions, or a model answers differently in company than alone.",
    applies=_is_padded,
)
def padding_changes_nothing(specimen: Specimen) -> Verdict:
    """Answers at real positions stay when padded tokens change, and an all-real mask is as good as none."""
    found: dict[Where, Fault] = {}
    masks = [name for name, port in specimen.ports.items() if port.kind == "mask"]
    for name in masks:
        letter = specimen.letter(name)
        move = _padded(specimen, name, letter) if letter in specimen.sizes.lengths else None
        if move is None or not move.moves(specimen.answer):
            continue
        for step in move.origins():
            fault = _attended(specimen, step, name)
            found.setdefault(fault.where, fault)
        if not found:
            where = Where(definition=specimen.document.root, node=name)
            found[where] = Fault(message=f"Tokens hidden by {name} change the answers elsewhere.", where=where)
    if not found and not _is_neutral(specimen, masks):
        where = Where(definition=specimen.document.root, node=masks[0])
        text = f"Where every token is real, {masks[0]} should change nothing, but answers differ from those without it."
        found[where] = Fault(message=text, where=where)
    return Verdict(detail=f"What {' and '.join(masks)} hide changes no answer.", faults=tuple(found.values()))


def _padded(specimen: Specimen, mask: str, letter: str) -> Move | None:
    """Some positions are padded, and what stands there changes."""
    length = specimen.sizes.lengths[letter]
    names = specimen.named(letter, "ids", "hidden", "any")
    if not names or length < 4:
        return None
    real = torch.ones(length, dtype=torch.bool)
    real[[1, -2, -1]] = False
    inputs: Inputs = {**specimen.base, mask: real.expand(specimen.sizes.batch, -1)}
    before = specimen.run(inputs)
    after = specimen.run(other_tokens(specimen, inputs, names, ~real))
    return Move(specimen, before, after, {letter: real})


def _is_neutral(specimen: Specimen, masks: list[str]) -> bool:
    real: Inputs = {**specimen.base, **{name: specimen.mask(name) for name in masks}}
    answers: list[Tensor] = [specimen.values[specimen.answer], specimen.run(real)[specimen.answer]]
    return distance(answers[0], answers[1]) <= EQUAL


def _attended(specimen: Specimen, step: Step, mask: str) -> Fault:
    """Who is to blame for a step at which padding enters."""
    blamed = next(masks_before(specimen, step), step) if step.kind in ("softmax", "matmul") else step
    if "padding" in blamed.sources:
        return _of_block(specimen, blamed, mask)
    view, node = view_at(specimen, blamed), blamed.uses[-1][1]
    port = next(iter(blamed.sources))
    wire = view.definition.wire_into(PortRef(node, port))
    where = where_of(blamed, port, specimen.document)
    found: list[Fix] = []
    if blamed.kind == "softmax" and wire is not None:
        found = [insert(view, wire, "mask", {}, "scores", {"padding": s}) for s in _sources(view)]
    text = f"{node} mixes padded positions into real ones."
    return Fault(message=text, where=where, fixes=tuple(found), advice="Hide them by a mask before it.")


def _sources(view: View) -> Iterator[str]:
    for name, node in view.definition.nodes.items():
        if node.kind == "input" and node.port is not None and node.port.kind == "mask":
            yield f"{name}.value"


def _of_block(specimen: Specimen, step: Step, mask: str) -> Fault:
    """A block with a port for padding: the port is open somewhere, or the block's mask passes padding over."""
    depth, port = _open_end(step, specimen)
    if port is not None:
        view = view_at(specimen, step, depth)
        found = list(feeds(view, port))
        text = f"{port.node} is not told what is padding, so it mixes padded positions into real ones."
        where = view.where(port.node, port.port)
        return Fault(message=text, where=where, fixes=tuple(found), advice=f"Wire {mask} to its {port.port}.")
    setting = str(step.setting("mask"))
    found = set_there(specimen, step, "mask", CLOSED[setting]) if setting in CLOSED else []
    text = f"{step.uses[-1][1]} looks at padded positions: its mask is {setting}."
    return Fault(message=text, where=where_of(step), fixes=tuple(found), advice="Let it hide padding.")


def _open_end(step: Step, specimen: Specimen) -> tuple[int, PortRef | None]:
    """The place further out where `padding` is not wired; `None` if it comes from the model's inputs."""
    port = "padding"
    for depth in reversed(range(len(step.uses))):
        definition, node = step.uses[depth]
        here = specimen.document.definitions[definition]
        source = here.feeds.get(PortRef(node, port))
        if source is None:
            return depth, PortRef(node, port)
        if here.nodes[source.node].kind != "input":
            return depth, None
        port = source.node
    return 0, None


@contract(
    "C004",
    "Rows are independent",
    why="Each row of a batch is an example of its own; if one changes the answer of another, evaluation depends on who "
    "is in the batch, and training leaks between examples.",
    applies=always,
)
def rows_are_independent(specimen: Specimen) -> Verdict:
    """The answer of the first row stays when all others change."""
    others = {name: _other_rows(value, specimen, name) for name, value in specimen.base.items()}
    first = torch.arange(specimen.sizes.batch) == 0
    move = Move(specimen, specimen.values, specimen.run(others), {"B": first})
    if not move.moves(specimen.answer):
        return Verdict(detail=f"The answer of one row is the same whatever the other {len(first) - 1} are.")
    text, advice = (
        "{0} mixes the rows of a batch: what stands in one changes the answer of another.",
        "Keep rows apart.",
    )
    faults = [_odd(specimen, step, text, advice) for step in move.origins()]
    whole = Fault(message=text.format("The model"), where=Where(definition=specimen.document.root), advice=advice)
    return Verdict(faults=tuple(faults) or (whole,))


def _other_rows(value: Tensor | None, specimen: Specimen, name: str) -> Tensor | None:
    if value is None or value.dtype == torch.bool:
        return value
    new = value.clone()
    new[1:] = (value[1:] + 1) % specimen.vocabulary(name) if value.dtype == torch.int64 else -value[1:]
    return new


@contract(
    "C015",
    "Evaluation is deterministic",
    why="In evaluation the same tokens must give the same answer, or no measurement can be trusted.",
    applies=always,
)
def evaluation_is_deterministic(specimen: Specimen) -> Verdict:
    """Two runs give the same."""
    again = Move(specimen, specimen.values, specimen.run(specimen.base), {})
    steps = list(again.origins())
    text = "{0} gives something else each time in evaluation mode."
    faults = tuple(_odd(specimen, step, text, "Let it draw random numbers in training only.") for step in steps)
    return Verdict(detail="Two runs on the same tokens gave the same answer.", faults=faults)


def _odd(specimen: Specimen, step: Step, text: str, advice: str) -> Fault:
    """A block that should not be there."""
    node = step.uses[-1][1]
    fixes = tuple(bypass(view_at(specimen, step), node))
    return Fault(message=text.format(node), where=where_of(step), fixes=fixes, advice=advice)
