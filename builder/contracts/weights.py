"""Contracts about parameters: their ties and their number."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from builder.contracts.base import Fault, Verdict, always, contract
from builder.contracts.places import where_of
from builder.contracts.program import Step
from builder.contracts.roles import head_of
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.edits import Tie
from builder.sizes import parameters_of


@contract(
    "C010",
    "Tied weights are one",
    why="Tied parameters are one storage: what the embedding learns the head knows. Two copies drift apart without a "
    "word. Require this of a model whose head must be tied.",
    applies=lambda specimen: bool(specimen.copy.document.ties),
)
def tied_weights_are_one(specimen: Specimen) -> Verdict:
    """Both ends of each tie are the same storage, and a required tie is there."""
    found = list(_apart(specimen))
    if not specimen.copy.document.ties:
        found += list(_untied(specimen))
    count = len(specimen.copy.document.ties)
    return Verdict(detail=f"{count} {'tie' if count == 1 else 'ties'}: one storage each.", faults=tuple(found))


def _apart(specimen: Specimen) -> Iterator[Fault]:
    known = dict(specimen.model.named_parameters(remove_duplicate=False))
    for first, second in specimen.copy.document.ties:
        if known[first] is not known[second]:
            where = Where(definition=specimen.document.root, node=first.split(".")[0])
            yield Fault(
                message=f"{first} and {second} are tied but not one storage. Tie all to one that stays.", where=where
            )


def _untied(specimen: Specimen) -> Iterator[Fault]:
    """A head whose weight is not that of an embedding, though the user requires it."""
    head = head_of(specimen)
    tables = [step for step in specimen.program.steps if step.kind == "token_embedding"]
    if head is None or not tables:
        return
    table = tables[-1]
    mine = {name: p for name, p in head.module.named_parameters() if p.shape == _weight(table).shape}
    if mine and not any(p is _weight(step) for p in mine.values() for step in tables):
        tie = Tie(first=f"{head.path}.{next(iter(mine))}", second=f"{table.path}.weight")
        text = f"{tie.first} and {tie.second} are two storages, but are required to be one."
        yield Fault(message=text, where=where_of(head), fixes=(Fix(label=tie.label, edit=tie),))


def _weight(step: Step) -> Tensor:
    return step.module.get_parameter("weight")


@contract(
    "C016",
    "Parameters are counted",
    why="The number of parameters that the status bar and limits go by is worked out without building the model; it "
    "must be the number of the built one.",
    applies=always,
)
def parameters_are_counted(specimen: Specimen) -> Verdict:
    """The formula's number is the number of entries of all parameters."""
    counted = parameters_of(specimen.copy.document)
    real = sum(parameter.numel() for parameter in specimen.model.parameters())
    if counted == real:
        return Verdict(
            detail=f"{real:,} in the small copy, as worked out; {parameters_of(specimen.document):,} in the model."
        )
    where = Where(definition=specimen.document.root)
    text = f"The built copy has {real:,} parameters, but {counted:,} were worked out. Count those of your blocks anew."
    return Verdict(faults=(Fault(message=text, where=where),))
