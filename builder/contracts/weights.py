"""Contracts about parameters: ties, their number, and what an untrained model answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from builder.contracts.base import Fault, Verdict, always, contract
from builder.contracts.places import bypass, insert, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.roles import head_of
from builder.contracts.specimen import SEED, Specimen
from builder.diagnostics import Fix, Where
from builder.edits import Tie
from builder.sizes import parameters_of

HEADS = ("lm_head", "mlm_head", "classifier_head", "token_classifier_head", "linear")
HIGH, LOW = 1.0, 0.7  # nats that the first loss may lie above and below ln V
STEPS, RATE, LEARNED = 200, 0.01, 0.1


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


def _targets(logits: Tensor) -> Tensor:
    draw = torch.Generator().manual_seed(SEED)
    return torch.randint(0, logits.shape[-1], logits.shape[:-1], generator=draw)


def _loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def _answers(specimen: Specimen) -> bool:
    head = head_of(specimen)
    ports = specimen.copy.document.main.outputs
    return head is not None and head.kind in HEADS and any(port.kind == "logits" for port in ports)


@contract(
    "C011",
    "First loss is near ln V",
    why="Before training all V answers are about equally likely, so the loss is about ln V. One far above means that "
    "the model is sure of wrong answers from the start; one far below that it knows the right ones already.",
    applies=_answers,
)
def first_loss_is_sensible(specimen: Specimen) -> Verdict:
    """Untrained, the loss on random targets is about that of a guess."""
    now = {name: p.detach().clone() for name, p in specimen.model.named_parameters()}
    _put(specimen, specimen.start)
    values = specimen.run(specimen.base)
    _put(specimen, now)
    logits = values[specimen.answer]
    loss, guess = float(_loss(logits, _targets(logits))), math.log(logits.shape[-1])
    if guess - LOW < loss < guess + HIGH:
        return Verdict(detail=f"{loss:.2f}, and ln {logits.shape[-1]} is {guess:.2f}.")
    step = _loudest(specimen, values)
    node = step.uses[-1][1]
    text = f"The first loss is {loss:.3g}, but a guess among {logits.shape[-1]} costs {guess:.2f}: "
    text += f"{node} makes values too large."
    fixes, advice = tuple(_quieter(specimen, step)), "Put a norm after it, or remove it."
    return Verdict(faults=(Fault(message=text, where=where_of(step), fixes=fixes, advice=advice),))


def _put(specimen: Specimen, start: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in specimen.model.named_parameters():
            parameter.copy_(start[name])


def _loudest(specimen: Specimen, values: dict[int, Tensor]) -> Step:
    """The step on the way to the answer that makes its values grow most."""
    useful = specimen.program.before({specimen.answer})

    def growth(step: Step) -> float:
        given = [values[n] for n in step.fed if isinstance(values[n], Tensor) and values[n].is_floating_point()]
        before = max((_size(value) for value in given), default=1.0)
        return _size(values[step.results[0]]) / max(before, 1e-6)

    steps = [step for step in specimen.program.steps if set(step.results) & useful and "norm" not in step.kind]
    return max(steps, key=growth)


def _size(value: Tensor) -> float:
    finite = value[value.isfinite()]
    return float(finite.square().mean().sqrt()) if finite.numel() else 0.0


def _quieter(specimen: Specimen, step: Step) -> Iterator[Fix]:
    view, node = view_at(specimen, step), step.uses[-1][1]
    yield from bypass(view, node)
    for wire in view.definition.wires:
        if wire.source.node == node and "d_model" in {symbol.name for symbol in view.definition.symbols}:
            yield insert(view, wire, "layer_norm", {"d_model": "d_model"}, "x")


@contract(
    "C017",
    "One batch can be learned by heart",
    why="A model that cannot even learn a few rows by heart will learn nothing from many: something between the loss "
    "and the parameters is broken.",
    applies=_answers,
    thorough=True,
)
def one_batch_can_be_learned(specimen: Specimen) -> Verdict:
    """Two hundred steps on one batch bring the loss to a tenth."""
    now = {name: p.detach().clone() for name, p in specimen.model.named_parameters()}
    losses = list(_learn(specimen))
    _put(specimen, now)
    if losses[-1] < LEARNED * losses[0]:
        return Verdict(detail=f"The loss fell from {losses[0]:.2f} to {losses[-1]:.3f} in {STEPS} steps.")
    text = f"{STEPS} steps on one batch brought the loss from {losses[0]:.2f} to {losses[-1]:.2f} only. "
    text += "Look at the other contracts first; else make the model wider."
    return Verdict(faults=(Fault(message=text, where=Where(definition=specimen.document.root)),))


def _learn(specimen: Specimen) -> Iterator[float]:
    optimiser = torch.optim.Adam([p for p in specimen.model.parameters() if p.requires_grad], lr=RATE)
    targets = _targets(specimen.values[specimen.answer])
    for _ in range(STEPS):
        loss = _loss(specimen.program.run(specimen.base)[specimen.answer], targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        yield float(loss.detach())
