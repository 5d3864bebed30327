"""Contracts about learning: what an untrained model answers, and whether it can learn a few rows by heart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.places import bypass, insert, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.roles import head_of
from builder.contracts.specimen import BATCH, SEED, Inputs, Sizes, Specimen
from builder.diagnostics import Fix, Where

HEADS = (
    "lm_head", "mlm_head", "classifier_head", "token_classifier_head", "span_head", "regression_head", "linear",
)  # fmt: skip
HIGH, LOW = 1.0, 0.7  # how far the first loss may lie above and below that of a guess
STEPS, RATE, LEARNED = 200, 0.01, 0.1


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a model is asked: the loss of a task that its head is made for, with random answers.

    Args:
        targets: The right answers.
        loss: From logits and targets, ().
        guess: About the loss of an answer that knows nothing.
        about: Such an answer, in words.
    """

    targets: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    guess: float
    about: str

    def of(self, logits: Tensor) -> Tensor:
        """The loss of these answers, ()."""
        return self.loss(logits, self.targets)


def question(specimen: Specimen, logits: Tensor) -> Question:
    """Numbers for a regression head, the places of start and end for a span head, else one of the answers each.

    Args:
        specimen: The model.
        logits: What it answers, of the shape that its answers have.
    """
    draw, head = torch.Generator().manual_seed(SEED), head_of(specimen)
    if head is not None and head.kind == "regression_head":
        numbers = torch.randn(logits.shape, generator=draw, dtype=logits.dtype)
        return Question(targets=numbers, loss=F.mse_loss, guess=float(numbers.square().mean()), about="answering zero")
    loss = _starts_and_ends if head is not None and head.kind == "span_head" else _one_of
    count, asked = (logits.shape[1], logits[:, 0]) if loss is _starts_and_ends else (logits.shape[-1], logits[..., 0])
    targets = torch.randint(0, count, asked.shape, generator=draw)
    return Question(targets=targets, loss=loss, guess=math.log(count), about=f"a guess among {count}")


def _one_of(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def _starts_and_ends(logits: Tensor, targets: Tensor) -> Tensor:
    return _one_of(logits.transpose(1, 2), targets)  # (B, 2, T)


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
    asked = question(specimen, values[specimen.answer])
    loss = float(asked.of(values[specimen.answer]))
    if asked.guess - LOW < loss < asked.guess + HIGH:
        return Verdict(detail=f"{loss:.2f}, and {asked.about} costs {asked.guess:.2f}.")
    step = _loudest(specimen, values)
    node = step.uses[-1][1]
    text = f"The first loss is {loss:.3g}, but {asked.about} costs {asked.guess:.2f}: {node} makes values too large."
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
    if losses[-1] <= LEARNED * losses[0]:
        return Verdict(detail=f"The loss fell from {losses[0]:.2f} to {losses[-1]:.3f} in {STEPS} steps.")
    text = f"{STEPS} steps on one batch brought the loss from {losses[0]:.2f} to {losses[-1]:.2f} only. "
    text += "Look at the other contracts first; else make the model wider."
    return Verdict(faults=(Fault(message=text, where=Where(definition=specimen.document.root)),))


def _learn(specimen: Specimen) -> Iterator[float]:
    """The loss before each step."""
    optimiser = torch.optim.Adam([p for p in specimen.model.parameters() if p.requires_grad], lr=RATE)
    batch = told_apart(specimen)
    asked = question(specimen, specimen.run(batch)[specimen.answer])
    for _ in range(STEPS):
        loss = asked.of(specimen.program.run(batch)[specimen.answer])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        yield float(loss.detach())


def told_apart(specimen: Specimen) -> Inputs:
    """A batch in which no token comes twice, so that nothing is asked twice.

    Random rows can ask what a right model does not know: by distances alone, the answer to “a” is that to “a a”.
    """
    known = {name: specimen.vocabulary(name) for name, port in specimen.ports.items() if port.kind == "ids"}
    rows = min(BATCH, max(known.values(), default=BATCH))
    most = {
        letter: max(known[name] for name in known if specimen.letter(name) == letter) // rows
        for letter in map(specimen.letter, known)
    }
    lengths = {letter: min(length, most.get(letter, length)) for letter, length in specimen.sizes.lengths.items()}
    batch = specimen.inputs(Sizes(batch=rows, lengths=lengths))
    ids = {name: value for name in known if (value := batch[name]) is not None}
    return batch | {name: torch.arange(v.numel()).reshape(v.shape) % known[name] for name, v in ids.items()}
